import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { exactJson } from '../../../base/json.ts'
import { parseInTurns } from './parse-in-turns.ts'

const parse = (text: string): unknown => JSON.parse(text)

/** The result of a parser for a text, or its error message. */
async function outcome(run: () => unknown): Promise<unknown> {
  try {
    const value = await run()
    return [value, JSON.stringify(value)]
  } catch (error) {
    return (error as Error).message
  }
}

const filler = JSON.stringify('x"\\,]}'.repeat(3000))
const large = JSON.stringify(Array.from({ length: 9000 }, (_, no) => ({ [`k${no}`]: [no, '"],{'] })))

const texts: readonly string[] = [
  large,
  `{"a":${large},"b":${filler},"__proto__":{"c":1},"a":2,"d":${large}}`,
  `\n[ ${filler} , ${large},${filler}\t, {"x" : ${large} } ]\r\n`,
  `{"\\"k\\u00e4:" : ${large}}`,
  `${'['.repeat(40)}${large}${']'.repeat(40)}`,
  `[${' '.repeat(100_000)}]`,
  `{${' '.repeat(100_000)}}`,
  `"${'x'.repeat(100_000)}"`,
  `[${'1.50,'.repeat(20_000)}1]`,
  `{${Array.from({ length: 9000 }, (_, no) => `"k${no % 100}":${no}`).join(',')}}`,
]

test('a large text parsed in turns gives the same value as one parsed at once', async () => {
  for (const text of texts) {
    assert.deepEqual(await outcome(() => parseInTurns(text, parse)), await outcome(() => parse(text)), text.slice(0, 50))
    assert.deepEqual(JSON.stringify(await parseInTurns(text, exactJson)), JSON.stringify(exactJson(text)), text.slice(0, 50))
  }
})

test('invalid JSON is refused with the parser’s message for the whole text', async () => {
  const wrong = ['', ',', ']', '}', '[', '{', '"', ' 1', ',,', ':', '\\', 'x', '\u00a0', '[]', '{}', '1,']
  for (const text of texts.slice(0, 4)) {
    for (const piece of wrong) {
      for (const at of [0, 1, 20_000, text.length - 1, text.length]) {
        const changed = text.slice(0, at) + piece + text.slice(at)
        assert.deepEqual(
          await outcome(() => parseInTurns(changed, parse)),
          await outcome(() => parse(changed)),
          `${text.slice(0, 20)} ${piece} ${at}`,
        )
      }
    }
  }
})

test('randomly changed large texts give the same value or message as well', async () => {
  const piece = fc.constantFrom('', ',', ']', '[', '{', '}', '"', ':', '\\', ' ', '0')
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...texts.slice(0, 4)), piece, fc.nat(), fc.nat(2), async (text, added, place, removed) => {
      const at = place % text.length
      const changed = text.slice(0, at) + added + text.slice(at + removed)
      assert.deepEqual(await outcome(() => parseInTurns(changed, parse)), await outcome(() => parse(changed)))
    }),
    { numRuns: 40 },
  )
})

test('other work runs between the parts of a large text', async () => {
  await nextTurn()
  let now = 0
  const clock = mock.method(performance, 'now', () => (now += 11))
  let turns = 0
  let isOver = false
  const count = () => {
    turns++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  try {
    await parseInTurns(`{"data":{"rows":${large}}}`, parse)
  } finally {
    isOver = true
    clock.mock.restore()
  }
  assert.ok(turns >= large.length / 32_768 / 2, `${turns} turns`)
})

import assert from 'node:assert/strict'
import { after, mock, test } from 'node:test'
import { startHub } from '../../../test/hub.ts'

// The clock of these tests jumps at each reading, so that a turn is due at each check. The number of turns shows how often a request yields.

const hub = await startHub({}, { http: true, workers: false })
after(() => hub.close())

const count = 300

async function turnsOf(action: string, input: object): Promise<{ turns: number; result: { id: string; resources: readonly object[] } }> {
  let now = performance.now()
  const clock = mock.method(performance, 'now', () => (now += 11))
  let turns = 0
  let isOver = false
  const next = () => {
    turns++
    if (!isOver) setImmediate(next)
  }
  setImmediate(next)
  try {
    const answer = await hub.http.inject({
      method: 'POST',
      url: `/api/3/action/${action}`,
      payload: JSON.stringify(input),
      headers: { authorization: hub.adminKey, 'content-type': 'application/json' },
    })
    assert.equal(answer.statusCode, 200, answer.body.slice(0, 300))
    return { turns, result: answer.json().result }
  } finally {
    isOver = true
    clock.mock.restore()
  }
}

const resources = Array.from({ length: count }, (_, no) => ({ url: `http://data.example/${no}.csv`, name: `file ${no}`, description: 'words' }))

/** Steps that go through all resources and can be interrupted at every second one of them: the first look in a turn begins a stretch. */
const requireSteps = (turns: number, steps: number) => assert.ok(turns >= (steps * count) / 2, `${turns} turns, wanted ${(steps * count) / 2}`)

test('writing a dataset with many resources yields to other requests at every step', async () => {
  const made = await turnsOf('package_create', { name: 'many', resources })
  // Read, draft, compare, document, changed rows, version, words (two texts each), addresses.
  requireSteps(made.turns, 9)
  assert.equal(made.result.resources.length, count)
  const changed = made.result.resources.map((one) => ({ ...one, description: 'other words' }))
  const updated = await turnsOf('package_update', { ...made.result, resources: changed })
  // The same, and the stored ones are read as well; each is a statement of its own.
  requireSteps(updated.turns, 11)
  const same = await turnsOf('package_update', { ...updated.result })
  requireSteps(same.turns, 4)
})

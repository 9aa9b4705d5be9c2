import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { callAction, resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'
import { limits } from '../../base/limits.ts'

const hub = await startHub({}, { http: true, workers: false })
after(() => hub.close())
const key = hub.adminKey

interface Listed {
  readonly name: string
  readonly resources: readonly { readonly about: string }[]
}

const names = (packages: readonly Listed[]) => packages.map((one) => one.name)

/** Each dataset has 9,000,000 characters: four are within the limit, five exceed it. Keys that no search reads are quick to store. */
const resources = Array.from({ length: 20 }, (_, no) => ({ url: 'http://data.example/a.csv', about: String.fromCharCode(97 + no).repeat(450_000) }))
const isTooMuch = (advice: string) => ({
  message: `The packages of this answer have together more than ${limits.answerChars} characters, which is the limit: ${advice}`,
  __type: 'Validation Error',
})

test('an answer beyond the limit of its characters is refused with advice, and one within it is whole', async () => {
  for (const name of ['large-1', 'large-2', 'large-3', 'large-4']) await resultOf(hub, 'package_create', { key, body: { name, resources } })
  const sort = 'name asc'
  const found = await resultOf<{ count: number; results: Listed[] }>(hub, 'package_search', { body: { sort, rows: 1000 } })
  assert.deepEqual(names(found.results), ['large-1', 'large-2', 'large-3', 'large-4'])
  assert.ok(found.results.every((one) => one.resources.every(({ about }, no) => about === resources[no]?.about)))

  await resultOf(hub, 'package_create', { key, body: { name: 'large-5', resources } })
  const refused: readonly [name: string, body: object, advice: string][] = [
    ['package_search', { rows: 1000 }, 'ask for fewer rows'],
    ['current_package_list_with_resources', {}, 'ask with a smaller limit, and with offset for the next page'],
    ['user_show', { include_datasets: true }, 'ask without include_datasets'],
  ]
  for (const [name, body, advice] of refused) {
    const { status, body: answer } = await callAction(hub, name, { key, body })
    assert.deepEqual({ status, error: answer.error }, { status: 409, error: isTooMuch(advice) }, name)
  }
  const page = await resultOf<{ count: number; results: Listed[] }>(hub, 'package_search', { body: { sort, rows: 2, start: 3 } })
  assert.deepEqual([page.count, names(page.results)], [5, ['large-4', 'large-5']])
  const latest = await resultOf<Listed[]>(hub, 'current_package_list_with_resources', { body: { limit: 2 } })
  assert.deepEqual(names(latest), ['large-5', 'large-4'])
})

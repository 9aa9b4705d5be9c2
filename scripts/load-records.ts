import type { RealRecords } from '../test/real-records.ts'

/** The catalogue that receives the records, and the user. */
export interface Destination {
  readonly hubUrl: string
  readonly key: string
  /** Called after each package. */
  readonly onLoaded?: (count: number) => void
}

const callsAtOnce = 8

/** Loads groups and packages into a catalogue by its Action API. Existing ones are updated, so loading twice changes nothing. */
export async function loadRecords(records: RealRecords, { hubUrl, key, onLoaded }: Destination): Promise<void> {
  const call = (action: string, body: object) => callAction(`${hubUrl}/api/3/action/${action}`, key, body)
  for (const group of records.groups) {
    // The packages name their groups, so an update must keep the packages of a group.
    const stored = await call('group_show', { id: group.name })
    if (stored) await call('group_update', { ...stored, ...group })
    else await call('group_create', group)
  }
  const waiting = records.packages.values()
  let loaded = 0
  const loadNext = async () => {
    for (const one of waiting) {
      const isThere = await call('package_show', { id: one.name })
      await (isThere ? call('package_update', { id: one.name, ...one }) : call('package_create', one))
      onLoaded?.(++loaded)
    }
  }
  await Promise.all(Array.from({ length: callsAtOnce }, loadNext))
}

/** The result of an action; undefined for `not found`. Throws other refusals with the hub's message. */
async function callAction(url: string, key: string, body: object): Promise<object | undefined> {
  const headers = { authorization: key, 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (answer.status === 404) return undefined
  if (!answer.ok) throw new Error(`POST ${url} answered ${answer.status}: ${await answer.text()}`)
  const { result } = (await answer.json()) as { result: object }
  return result
}

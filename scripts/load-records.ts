import type { RealRecords } from '../test/real-records.ts'

/** Where records go, and as whom. */
export interface Destination {
  readonly hubUrl: string
  readonly key: string
  /** Called after each package. */
  readonly onLoaded?: (count: number) => void
}

const callsAtOnce = 8

/** Brings groups and packages into a catalogue by its Action API. What is there already is brought up to date: loading twice changes nothing. */
export async function loadRecords(records: RealRecords, { hubUrl, key, onLoaded }: Destination): Promise<void> {
  const call = (action: string, body: object) => callAction(`${hubUrl}/api/3/action/${action}`, key, body)
  for (const group of records.groups) {
    // A group's packages name it, so it must not lose those that it has.
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

/** The result of an action, undefined for what is not found. Throws what else the hub refuses, in its own words. */
async function callAction(url: string, key: string, body: object): Promise<object | undefined> {
  const headers = { authorization: key, 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (answer.status === 404) return undefined
  if (!answer.ok) throw new Error(`POST ${url} answered ${answer.status}: ${await answer.text()}`)
  const { result } = (await answer.json()) as { result: object }
  return result
}

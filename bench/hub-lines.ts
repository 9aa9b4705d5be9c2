import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { ServedFolder } from '../scripts/file-server.ts'
import { actionSlice, key, newPackage, words } from './catalogue.ts'
import { type Rows, schema } from './flow.ts'
import type { Slice } from './measure.ts'
import { asyncSlice, syncSlice } from './service.ts'
import type { Server } from './wire.ts'

/** What a hub does over HTTP for one figure. The same code asks both hubs, so a line uses only what every commit answers. */
export interface HubLine {
  readonly bench: 'catalogue' | 'search' | 'service' | 'flow'
  readonly name: string
  slice(hub: Server): Slice | Promise<Slice>
  readonly sliceMs?: number
}

const packages = 2000

/** In this order: reads and searches meet the same datasets on both hubs, which the writes after them add to. */
export function hubLines(served: ServedFolder, rows: Rows): readonly HubLine[] {
  return [
    {
      bench: 'catalogue',
      name: 'package_show, 16 callers',
      slice: (hub) =>
        actionSlice(
          hub,
          'package_show',
          numbered((at) => ({ id: `bench-${at % packages}` })),
        ),
    },
    {
      bench: 'search',
      name: 'package_search, one word and 3 facets, 16 callers',
      slice: (hub) => actionSlice(hub, 'package_search', numbered(searchFor)),
    },
    {
      bench: 'search',
      name: 'package_search, words and a filter, 16 callers',
      slice: (hub) => actionSlice(hub, 'package_search', numbered(filteredSearch)),
    },
    { bench: 'catalogue', name: 'package_update, 16 callers', slice: (hub) => actionSlice(hub, 'package_update', numbered(changed)) },
    {
      bench: 'catalogue',
      name: 'package_create, 16 callers',
      slice: (hub) =>
        actionSlice(
          hub,
          'package_create',
          numbered((at) => newPackage(packages + at)),
        ),
    },
    { bench: 'service', name: 'echo, waited for, 16 callers', slice: (hub) => syncSlice(hub, 16) },
    { bench: 'service', name: 'echo_async with its result, 1 caller', slice: (hub) => asyncSlice(hub, 1) },
    { bench: 'service', name: 'echo_async with its result, 64 callers', slice: (hub) => asyncSlice(hub, 64) },
    { bench: 'flow', name: 'rows of a CSV published by a flow', slice: (hub) => flowSlice(hub, served, rows), sliceMs: 2000 },
  ]
}

/** Writes the datasets that reads and searches meet: the same on both hubs. */
export async function fillCatalogue(hub: Server): Promise<void> {
  let made = 0
  const url = `http://127.0.0.1:${hub.port}/api/3/action/package_create`
  const caller = async () => {
    while (made < packages) await ask(url, { authorization: key }, JSON.stringify(newPackage(made++)))
  }
  await Promise.all(Array.from({ length: 16 }, caller))
}

/** Bodies by a number that counts up. */
function numbered(body: (at: number) => object): () => object {
  let at = 0
  return () => body(at++)
}

const searchFor = (at: number) => ({ q: words[at % words.length], 'facet.field': ['tags', 'license_id', 'res_format'], rows: 20 })
const filteredSearch = (at: number) => ({
  q: `${words[at % words.length]} ${words[(at * 7 + 3) % words.length]}`,
  fq: `tags:tag-${at % 50}`,
  rows: 20,
})
const changed = (at: number) => ({ ...newPackage(at % packages), id: `bench-${at % packages}`, version: `${at}` })

/** Publishes one file again and again, each time as a dataset of its own; counts rows. */
async function flowSlice(hub: Server, served: ServedFolder, rows: Rows): Promise<Slice> {
  const base = `http://127.0.0.1:${hub.port}`
  const { token, userid } = await ask<{ token: string; userid: string }>(`${base}/auth/authorize?service=source`, { authorization: key })
  return async (ms) => {
    const end = performance.now() + ms
    let units = 0
    for (; performance.now() < end; units += rows.count) await publish(base, { token, owner: userid, url: served.url })
    return units
  }
}

async function publish(base: string, { token, owner, url }: { token: string; owner: string; url: string }): Promise<void> {
  const dataset = `flow-${randomUUID()}`
  const descriptor = { name: dataset, resources: [{ name: 'rows', path: 'rows.csv', schema }] }
  const input = { kind: 'datapackage', url: `${url}/datapackage.json`, parameters: { descriptor } }
  const spec = { meta: { ownerid: owner, dataset, findability: 'published' }, inputs: [input] }
  const { success } = await ask<{ success: boolean }>(`${base}/source/upload`, { 'auth-token': token }, JSON.stringify(spec))
  if (!success) throw new Error('the spec was refused')
  for (let state = ''; state !== 'SUCCEEDED'; ) {
    await pause(5)
    state = (await ask<{ state: string }>(`${base}/source/${owner}/${dataset}/latest`, { 'auth-token': token })).state
    if (state === 'FAILED') throw new Error(`the flow of ${dataset} failed`)
  }
}

async function ask<T>(url: string, headers: Record<string, string>, body?: string): Promise<T> {
  const sent = body === undefined ? { headers } : { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body }
  return (await fetch(url, sent)).json() as Promise<T>
}

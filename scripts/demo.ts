// npm run demo: a hub on a temporary folder, filled with real records and the sample data by its public APIs, and left running.

import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pino } from 'pino'
import { startApp } from '../src/app.ts'
import { showProgress } from '../src/cli/progress.ts'
import { closeOnSignal } from '../src/cli/signals.ts'
import { parseConfig } from '../src/config.ts'
import { readRealRecords } from '../test/real-records.ts'
import { serveFolder } from './file-server.ts'
import { loadRecords } from './load-records.ts'
import { root } from './test-files.ts'

interface Resource {
  readonly name: string
  readonly path: string
  readonly format?: string
  readonly description?: string
}

interface Upload {
  readonly success: boolean
  readonly flow_id: string | null
  readonly errors: readonly string[]
}

interface Flow {
  readonly state: string
  readonly stats: { readonly count_of_rows: number } | null
  readonly error_log: readonly string[]
}

const sample = join(root, 'node_modules/vega-datasets')

/** The tables of the sample data, each of which becomes a dataset. */
async function readTables(): Promise<Resource[]> {
  const { resources }: { resources: Resource[] } = JSON.parse(await readFile(join(sample, 'datapackage.json'), 'utf8'))
  return resources.filter(({ format }) => format === 'csv' || format === 'tsv')
}

function describeTable(resource: Resource, ownerid: string, filesUrl: string): unknown {
  const name = resource.name.replaceAll('_', '-')
  const title = name.charAt(0).toUpperCase() + name.slice(1).replaceAll('-', ' ')
  const descriptor = { name, title, description: resource.description, keywords: ['sample', 'vega'], resources: [{ ...resource, name }] }
  return {
    meta: { ownerid, dataset: name, findability: 'published' },
    inputs: [{ kind: 'datapackage', url: `${filesUrl}/datapackage.json`, parameters: { descriptor } }],
  }
}

async function fetchJson<T>(url: string, init: RequestInit = {}): Promise<T> {
  const answer = await fetch(url, init)
  if (!answer.ok) throw new Error(`${init.method ?? 'GET'} ${url} answered ${answer.status}: ${await answer.text()}`)
  return answer.json() as Promise<T>
}

/** Uploads a spec for each table; prints how many rows each flow has read, or why it failed. */
async function publish(hubUrl: string, key: string, filesUrl: string): Promise<string[]> {
  const { token, userid } = await fetchJson<{ token: string; userid: string }>(`${hubUrl}/auth/authorize?service=source`, {
    headers: { authorization: key },
  })
  const open = new Map<string, string>()
  const faults: string[] = []
  const tables = await readTables()
  for (const table of tables) {
    const body = JSON.stringify(describeTable(table, userid, filesUrl))
    const headers = { 'auth-token': token, 'content-type': 'application/json' }
    const { flow_id, errors } = await fetchJson<Upload>(`${hubUrl}/source/upload`, { method: 'POST', headers, body })
    if (flow_id === null) faults.push(`${table.name}: ${errors.join('; ')}`)
    else open.set(table.name, flow_id)
  }
  const progress = showProgress('datasets', tables.length)
  let rows = 0
  while (open.size > 0) {
    for (const [name, flowId] of open) {
      const flow = await fetchJson<Flow>(`${hubUrl}/source/${flowId}`)
      if (flow.state === 'FAILED') faults.push(flow.error_log[0] ?? `${name}: no reason given`)
      if (flow.state === 'SUCCEEDED') rows += flow.stats?.count_of_rows ?? 0
      if (flow.state === 'FAILED' || flow.state === 'SUCCEEDED') open.delete(name)
    }
    progress.update(tables.length - open.size, `${rows.toLocaleString('en')} rows${faults.length > 0 ? `, ${faults.length} failed` : ''}`)
    if (open.size > 0) await pause(200)
  }
  progress.end()
  return [
    `${tables.length - faults.length} datasets with ${rows.toLocaleString('en')} rows are published.`,
    ...faults.map((fault) => `failed: ${fault}`),
  ]
}

/** Puts real records into the catalogue; prints how many. */
async function fillCatalogue(hubUrl: string, key: string): Promise<string> {
  const records = readRealRecords()
  const progress = showProgress('records', records.packages.length)
  await loadRecords(records, { hubUrl, key, onLoaded: (count) => progress.update(count) })
  progress.end()
  return `${records.packages.length} real records in ${records.groups.length} groups are in the catalogue.`
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-demo-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const log = pino({ level: process.env['LOG_LEVEL'] ?? 'warn' })
const config = parseConfig({ ...process.env, MILLRACE_DATA_DIR: folder, DATABASE_URL: undefined })
try {
  const app = await startApp(config, log, { http: true, workers: true })
  const files = await serveFolder(join(sample, 'data'))
  const url = app.url ?? ''
  const login = { password: config.adminPassword, apiKey: config.adminApiKey, ...app.firstSysadmin }
  const key = login.apiKey ?? ''
  console.log(`Millrace listens on ${url}, data in ${folder}`)
  console.log(await fillCatalogue(url, key))
  for (const line of await publish(url, key, files.url)) console.log(line)
  console.log(`Look at ${url}/ and ${url}/api/3/action/package_search?q=weather.`)
  console.log(`Sign in at ${url}/login as ${config.adminUsername} with the password ${login.password}. API key: ${login.apiKey}`)
  console.log('Ctrl-C ends the hub and removes its data.')
  await closeOnSignal(async () => {
    await app.close()
    await files.close()
  }, log)
} catch (error) {
  console.error(`npm run demo: ${error instanceof Error ? error.message : error}`)
  process.exit(1)
}

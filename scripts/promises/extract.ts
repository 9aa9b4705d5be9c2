import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One thing that a seed document promises: a route, a parameter, a field, a status, an example. */
export interface Promised {
  /** The document, by the name that readers know. */
  readonly of: string
  /** What it is, in one line: `package_show`, `package_show id`, `GET /job ?_limit`, `GET /job/{} -> status`. Variable parts of paths are `{}`. */
  readonly id: string
}

type Extractor = (text: string) => string[]

/** A path of any document with its variable parts alike: `/job/(job_id)` and `/job/{id}` are the same. */
export const plainPath = (path: string) => path.replaceAll(/\{[^}]*\}|\([^)]*\)/g, '{}').replace(/(.)\/$/, '$1')

/** Rows between the lines `====` of a table: the heads and the cells of each row, by the columns that the line marks. */
function tablesOf(lines: readonly string[]): string[][][] {
  const tables: string[][][] = []
  let columns: number[] | undefined
  let borders = 0
  for (const line of lines) {
    if (/^=+ =+/.test(line)) {
      borders = borders === 3 || borders === 0 ? 1 : borders + 1
      columns = [...line.matchAll(/=+/g)].map((match) => match.index)
      if (borders === 1) tables.push([])
      else if (borders === 3) columns = undefined
    } else if (columns && line !== '') tables.at(-1)?.push(columns.map((from, at) => line.slice(from, columns?.[at + 1]).trim()))
  }
  return tables
}

/** Actions with their parameters, the keys of the objects, and the calls that are printed. */
const actionApi: Extractor = (text) => {
  const lines = text.split('\n').map((line) => line.replace(/^\+/, ''))
  const promised: string[] = []
  for (const [[name = ''] = [], ...rows] of tablesOf(lines)) {
    if (name !== 'Logic Action') continue
    for (const [action = '', keys = ''] of rows)
      promised.push(action, ...keys.split(', ').flatMap((key) => (key.startsWith('(') ? [] : [`${action} ${key.trim()}`])))
  }
  const objects = tablesOf(lines).filter(([[name = ''] = []]) => name === 'key')
  const names = lines.filter((line, at) => /^[A-Z][A-Za-z ]+:$/.test(line) && /^=+ =+/.test(lines[at + 2] ?? '')).map((line) => line.slice(0, -1))
  for (const [at, [, ...rows]] of objects.entries()) for (const [key = ''] of rows) promised.push(`${names[at]}.${key}`)
  const calls = lines.flatMap((line) => /^ (?:\$ )?(curl .*)$/.exec(line)?.[1] ?? [])
  return [...promised, ...calls, ...['help', 'success', 'result', 'error'].map((key) => `answer.${key}`)]
}

/** Routes with their parameters, the keys of what they answer, and the statuses. */
const jobService: Extractor = (text) => {
  const promised: string[] = []
  let routes: string[] = []
  let isResult = false
  let wasRoute = false
  for (const line of text.split('\n').map((one) => one.trim())) {
    const route = /^(GET|POST|DELETE) (\/\S*)$/.exec(line)
    const field = /^(?:Parameters:\s*)?(\w+) \([^)]*\) –/.exec(line)
    const status = /^(\d{3}) /.exec(line)
    if (route) {
      const id = `${route[1]} ${plainPath(route[2] ?? '')}`
      routes = wasRoute ? [...routes, id] : [id]
      isResult = false
      promised.push(id)
    } else if (line.startsWith('Rtype:')) isResult = true
    else if (field) promised.push(...routes.map((of) => `${of} ${isResult ? `-> ${field[1]}` : parameterOf(of, field[1] ?? '')}`))
    else if (status) promised.push(...routes.map((of) => `${of} ${status[1]}`))
    if (line !== '') wasRoute = route !== null
  }
  return promised
}

/** As a route takes it: in the query string of a read or a removal, in the path, else in the body. */
const parameterOf = (route: string, name: string) =>
  route.endsWith('{}') && name.endsWith('_id') ? '{}' : route.startsWith('POST') ? name : `?${name}`

/** Routes with their parameters and the fields of what they answer; the keys of a configuration. */
const jobTypes: Extractor = (text) => {
  const lines = text.split('\n')
  const promised: string[] = []
  let of = ''
  let mode: 'query' | 'body' | 'answer' = 'body'
  let isAnswered = false
  for (const [at, line] of lines.entries()) {
    const example = /^Example (GET|POST|PATCH) (\/\S+) API call$/.exec(line)
    const [name = '', type = ''] = line.split('|').map((cell) => cell.trim())
    if (example) {
      of = `${example[1]} ${plainPath(example[2] ?? '')}`
      isAnswered = false
      promised.push(of, `${of} example: ${keysOfExample(lines.slice(at + 1)).join(' ')}`)
    } else if (line.startsWith('Job Type Configuration JSON¶')) {
      of = 'configuration'
      promised.push('configuration example')
      isAnswered = false
      mode = 'body'
    } else if (name === 'Query Parameters') mode = 'query'
    else if (name === 'Successful Response') isAnswered = true
    else if (name === 'JSON Fields') mode = isAnswered ? 'answer' : 'body'
    else if (name === 'Status') promised.push(`${of} ${type.split(' ')[0]}`)
    else if (/^[.a-z_]+$/.test(name) && (/^[A-Z]/.test(type) || name === 'is_valid')) {
      const shown = mode === 'query' ? `?${name}` : mode === 'body' ? name : `-> ${name}`
      promised.push(`${of} ${shown}`)
    }
  }
  return promised
}

/** The keys of the answer that is printed for a route, up to the table that explains it. Some examples are not quite JSON. */
function keysOfExample(lines: readonly string[]): string[] {
  const end = lines.findIndex((line) => line.includes(' | |') || line.startsWith('---'))
  const shown = lines.slice(0, end)
  const from = shown.findIndex((line) => line.startsWith('Response:'))
  return [
    ...new Set(
      [
        ...shown
          .slice(from + 1)
          .join('\n')
          .matchAll(/"(\w+)"\s*(?::|,(?=\s*(?:true|false)))/g),
      ].map((match) => match[1] ?? ''),
    ),
  ]
}

/** Routes, states, and the fields of what is sent and answered. */
const specStore: Extractor = (text) => {
  const promised: string[] = []
  let of = ''
  let isAnswer = false
  const reads: string[] = []
  for (const line of text.split('\n')) {
    const path = /^\/source\/\S+$/.exec(line)
    const key = /^"([^<"]+)":/.exec(line)
    if (path) reads.push(`GET ${plainPath(path[0])}`)
    else if (line === 'GET' || line === 'POST') {
      const routes = reads.splice(0).map((one) => one.replace('GET', line))
      promised.push(...routes)
      of = line === 'GET' ? (routes[0] ?? '') : (routes.at(-1) ?? '')
    } else if (line === 'Response') isAnswer = true
    else if (line === 'Body') isAnswer = false
    else if (key) promised.push(`${of} ${isAnswer ? '-> ' : ''}${key[1]}`)
    for (const [, state = ''] of line.matchAll(/<([A-Z]+(?:\|[A-Z]+)+)>/g)) promised.push(...state.split('|').map((one) => `state ${one}`))
    if (/^Auth-Token$/.test(line)) promised.push(`${of} Auth-Token:`)
  }
  return promised
}

/** The lines of the session that is printed, with the number of the line among them. */
const clientSession: Extractor = (text) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('>>> '))
    .map((line, at) => `${at + 1}: ${line.slice(4)}`)

const extractors: Readonly<Record<string, { readonly of: string; readonly extract: Extractor }>> = {
  'ckan-action-api.txt': { of: 'Action API', extract: actionApi },
  'ckan-service-provider.txt': { of: 'Job service', extract: jobService },
  'scale-v6-job-types.txt': { of: 'Registry of job types', extract: jobTypes },
  'datahq-spec-store.txt': { of: 'Spec store', extract: specStore },
  'ckan-api-client.txt': { of: 'Client library', extract: clientSession },
}

/** Everything that the seed documents of a folder promise, in their order, each once. */
export function extractPromises(folder: string): Promised[] {
  return Object.entries(extractors).flatMap(([file, { of, extract }]) =>
    [...new Set(extract(readFileSync(join(folder, file), 'utf8')))].map((id) => ({ of, id })),
  )
}

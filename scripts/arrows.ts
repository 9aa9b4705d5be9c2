import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './test-files.ts'

/**
 * Which folders of `src/` may import which. The linter's rules in `biome.arrows.json` are made from these tables by `npm run generate`; the tables of
 * `docs/explanation/architecture.md` say the same, and a test compares them.
 */

/** Rooms, from the lowest to the highest, and the other rooms that each may import. All rooms may import `base`, `config.ts` and `context.ts`. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  base: [],
  store: [],
  auth: ['store'],
  tabular: [],
  'job-types': ['auth', 'store'],
  catalogue: ['auth', 'store'],
  jobs: ['job-types', 'auth', 'store'],
  executors: ['jobs', 'job-types', 'store'],
  flows: ['jobs', 'catalogue', 'tabular', 'auth', 'store'],
  http: ['flows', 'jobs', 'job-types', 'catalogue', 'auth', 'store'],
  cli: ['jobs', 'auth', 'store'],
}

interface Cupboard {
  /** Cupboards of the same room that it may import. All may import the files of the room itself. */
  readonly imports: readonly string[]
  /** Set if other rooms must not import it. */
  readonly isClosed?: true
}

/** The cupboards of each room with cupboards. */
export const cupboards: Readonly<Record<string, Readonly<Record<string, Cupboard>>>> = {
  store: {
    tables: { imports: [] },
    files: { imports: [] },
    migrations: { imports: ['files'], isClosed: true },
    sqlite: { imports: ['tables'] },
    postgres: { imports: ['tables'] },
  },
  tabular: {
    csv: { imports: [], isClosed: true },
    json: { imports: [], isClosed: true },
    cast: { imports: ['json'] },
  },
  'job-types': {
    manifest: { imports: [] },
  },
  catalogue: {
    dataset: { imports: ['group', 'relationship', 'resource', 'revision', 'search', 'tag'] },
    resource: { imports: ['dataset', 'revision', 'search'] },
    group: { imports: ['dataset', 'revision', 'search', 'user'] },
    tag: { imports: ['dataset', 'search'] },
    licence: { imports: [] },
    rating: { imports: ['dataset'] },
    relationship: { imports: ['dataset', 'revision'] },
    revision: { imports: ['dataset', 'group', 'search'] },
    user: { imports: ['dataset', 'revision', 'search'] },
    search: { imports: ['dataset', 'group', 'licence', 'resource'] },
  },
  jobs: {
    queue: { imports: [] },
    submit: { imports: ['callbacks', 'queue'] },
    worker: { imports: ['functions', 'housekeeping', 'logs', 'queue', 'submit'] },
    logs: { imports: ['queue'] },
    callbacks: { imports: [] },
    schedules: { imports: ['submit'] },
    functions: { imports: ['schedules'] },
    housekeeping: { imports: ['callbacks', 'queue'], isClosed: true },
    statistics: { imports: [] },
  },
  executors: {
    function: { imports: [] },
  },
  flows: {
    run: { imports: ['pipelines', 'sources'] },
    pipelines: { imports: [] },
    sources: { imports: [], isClosed: true },
    functions: { imports: ['sources'] },
  },
  http: {
    server: { imports: [] },
    ckan: { imports: ['server'] },
    files: { imports: ['pages', 'server'] },
    'job-service': { imports: ['pages', 'server'] },
    'job-types': { imports: ['server'] },
    pages: { imports: ['ckan', 'server'] },
    'spec-store': { imports: ['server'] },
  },
}

interface Pattern {
  readonly group: readonly string[]
  readonly message: string
}

const page = '(docs/explanation/architecture.md)'
const listed = (names: readonly string[], none: string) => (names.length === 0 ? none : names.join(', '))

/** The imports that are forbidden for all files of a room. */
function roomPatterns(room: string): Pattern[] {
  const allowed = rooms[room] ?? []
  const others = Object.keys(rooms).filter((name) => name !== room && name !== 'base' && !allowed.includes(name))
  const starters = (room === 'cli' ? ['main.ts'] : ['app.ts', 'main.ts', 'start.ts']).flatMap((file) =>
    ['', '../', '../../'].map((up) => `../${up}${file}`),
  )
  const closed = Object.entries(cupboards).flatMap(([owner, own]) =>
    owner === room ? [] : Object.keys(own).flatMap((name) => (own[name]?.isClosed ? [`**/${owner}/${name}/**`] : [])),
  )
  return [
    {
      group: [...others.map((name) => `**/${name}/**`), ...starters],
      message: `src/${room} may import, beside base, config and context: ${listed(allowed, 'no other room')} ${page}.`,
    },
    { group: closed, message: `Only its own room imports this cupboard ${page}.` },
    {
      group: room === 'cli' ? ['../**/client/**', '@millrace/client', '@millrace/client/node'] : ['**/client/**', '@millrace/client'],
      message: 'The client library speaks HTTP only; the server does not use it.',
    },
    ...(room === 'http' ? [] : [{ group: ['fastify', '@fastify/*'], message: 'Only src/http knows Fastify.' }]),
  ]
}

/** Further imports that are forbidden for the files of a cupboard; `depth` counts the folders between them and the cupboard. */
function cupboardPattern(room: string, name: string, depth: number): Pattern {
  const own = cupboards[room] ?? {}
  const allowed = own[name]?.imports ?? []
  const others = Object.keys(own).filter((other) => other !== name && !allowed.includes(other))
  return {
    group: others.map((other) => `${'../'.repeat(depth + 1)}${other}/**`),
    message: `src/${room}/${name} may import, beside the files of its room: ${listed(allowed, 'no other cupboard')} ${page}.`,
  }
}

const override = (includes: readonly string[], patterns: readonly Pattern[]) => ({
  includes,
  linter: {
    rules: { style: { noRestrictedImports: { level: 'error', options: { patterns: patterns.filter(({ group }) => group.length > 0) } } } },
  },
})

/** The depths of files in a cupboard: 0, and 1 if it has folders. */
function depthsOf(room: string, name: string): number[] {
  const entries = readdirSync(join(root, 'src', room, name), { withFileTypes: true })
  return entries.some((entry) => entry.isDirectory()) ? [0, 1] : [0]
}

/** The linter configuration that enforces the arrows, one line for each folder. */
export function arrowRules(): string {
  const lines = arrowOverrides().map((one) => JSON.stringify(one))
  return `{"overrides":[\n${lines.join(',\n')}\n]}\n`
}

function arrowOverrides(): object[] {
  return Object.keys(rooms).flatMap((room) => [
    override([`src/${room}/**`], roomPatterns(room)),
    ...Object.keys(cupboards[room] ?? {}).flatMap((name) =>
      depthsOf(room, name).map((depth) =>
        override([`src/${room}/${name}/${depth === 0 ? '*.ts' : '*/**'}`], [...roomPatterns(room), cupboardPattern(room, name, depth)]),
      ),
    ),
  ])
}

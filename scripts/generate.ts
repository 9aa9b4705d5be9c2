// Writes the files that are generated from the source; with --check only lists the outdated ones, and exits with 1.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { parseConfig, settings } from '../src/config.ts'
import { buildServer } from '../src/http/server/server.ts'
import { surfaces } from '../src/http/surfaces.ts'
import { TypeRegistry } from '../src/jobs/type-registry.ts'
import { openData } from '../src/start.ts'
import { postgresDialect } from '../src/store/dialect.ts'
import { migrate } from '../src/store/migrate.ts'
import { migrations } from '../src/store/migrations/index.ts'
import { SqliteStore } from '../src/store/sqlite/store.ts'
import { arrowRules } from './arrows.ts'
import { root } from './test-files.ts'

/** Every generated file: its path from the root, and its content. */
const generated: Readonly<Record<string, () => string | Promise<string>>> = {
  'biome.arrows.json': arrowRules,
  'docs/reference/settings.md': settingsPage,
  'docs/reference/routes.md': routesPage,
  'src/store/sqlite/schema.sql': sqliteSchema,
  'src/store/postgres/schema.sql': postgresSchema,
}

function settingsPage(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|')
  const rows = Object.values(settings).map((one) => `| \`${one.name}\` | ${cell(one.defaultText)} | ${cell(one.help)} |`)
  return `# Settings

Made from \`src/config.ts\` by \`npm run generate\`; edit there. \`millrace serve --help\` prints the same list.

All settings are environment variables, read once at the start. An empty value counts as not set. Wrong values stop the start;
all of them are listed at once. A name that begins with \`MILLRACE_\` and is none of these is told in the log.

| name | default | meaning |
| --- | --- | --- |
${rows.join('\n')}
`
}

interface Route {
  readonly path: string
  readonly method: string
  readonly summary: string
}

/** The routes of the server, by surface: the same source as `/openapi.json`. */
async function routesPage(): Promise<string> {
  const routes = await listRoutes()
  const owner = new Map(surfaces.flatMap(({ name, paths }) => paths.map((path) => [path, name])))
  const sections = Map.groupBy(routes, ({ path }) => owner.get(path.split('/')[1] ?? '') ?? 'The hub as a whole')
  const parts = [...sections].map(([name, own]) => {
    const rows = own.map(({ method, path, summary }) => `| ${method} | \`${path}\` | ${summary.replaceAll('|', '\\|')} |`)
    return `## ${name}\n\n| method | path | what it does |\n| --- | --- | --- |\n${rows.join('\n')}\n`
  })
  return `# Routes

Made from the server's route table by \`npm run generate\`; the same table feeds \`GET /openapi.json\`, which has the schemas.

A trailing slash makes no difference. Every path answers \`OPTIONS\` with 200 and CORS headers, a method that it does not offer with 405
and \`Allow\`. What errors look like is in [errors](errors.md).

${parts.join('\n')}`
}

async function listRoutes(): Promise<Route[]> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-routes-'))
  const log = pino({ level: 'silent' })
  const config = parseConfig({ MILLRACE_DATA_DIR: folder })
  const data = await openData(config, log)
  try {
    const app = await buildServer({ base: { ...data, config, clock: Date.now }, log, types: new TypeRegistry([]), jobs: undefined }, surfaces)
    await app.ready()
    const { paths = {} } = app.swagger()
    await app.close()
    return Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations ?? {}).map(([method, operation]) => ({ path, method: method.toUpperCase(), summary: summaryOf(path, operation) })),
    )
  } finally {
    await data.store.close()
    await rm(folder, { recursive: true, force: true })
  }
}

function summaryOf(path: string, operation: unknown): string {
  const summary = typeof operation === 'object' && operation !== null && 'summary' in operation ? operation.summary : undefined
  if (typeof summary !== 'string' || summary === '') throw new Error(`the route ${path} has no summary in its schema`)
  return summary
}

/** The schema of a new SQLite database after all migrations. */
async function sqliteSchema(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-schema-'))
  const path = join(folder, 'millrace.db')
  try {
    const store = new SqliteStore(path)
    await migrate(store)
    await store.close()
    const statements = dumpSqlite(path)
    return `-- The schema after all migrations, as SQLite stores it. Made by \`npm run generate\`.\n\n${statements.map(layOut).join('\n\n')}\n`
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Tables by name, each followed by its indexes; without the internal tables of full-text indexes. */
function dumpSqlite(path: string): string[] {
  const database = new DatabaseSync(path, { readOnly: true })
  const rows = database
    .prepare(
      `select sql from sqlite_schema
       where sql is not null and tbl_name not in (select name from pragma_table_list where type = 'shadow')
       order by tbl_name, case type when 'table' then 0 else 1 end, name`,
    )
    .all()
  database.close()
  return rows.map((row) => String(row['sql']))
}

/** The statements that the migrations run on PostgreSQL, in order. */
function postgresSchema(): string {
  const parts = migrations.map((one) => [`-- ${one.name}`, ...one.statements(postgresDialect).map(layOut)].join('\n\n'))
  return `-- The statements that the migrations run on PostgreSQL, in order. Made by \`npm run generate\`.\n\n${parts.join('\n\n')}\n`
}

/** Removes the indentation that statements have in their source. */
function layOut(statement: string): string {
  const lines = statement
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const last = lines.length - 1
  return `${lines.map((line, at) => (at === 0 || (at === last && line.startsWith(')')) ? line : `  ${line}`)).join('\n')};`
}

const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
let stale = 0
for (const [path, make] of Object.entries(generated)) {
  const wanted = await make()
  const found = await readFile(join(root, path), 'utf8').catch(() => undefined)
  if (found === wanted) continue
  stale++
  if (options.check) console.log(`${path} is out of step: run npm run generate`)
  else await writeFile(join(root, path), wanted)
}
if (options.check && stale > 0) process.exitCode = 1

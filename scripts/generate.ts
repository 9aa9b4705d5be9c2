// Writes the files that are made from the source; with --check only says which are out of step, and exits 1.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { settings } from '../src/config.ts'
import { postgresDialect } from '../src/store/dialect.ts'
import { migrate } from '../src/store/migrate.ts'
import { migrations } from '../src/store/migrations/index.ts'
import { SqliteStore } from '../src/store/sqlite.ts'
import { root } from './test-files.ts'

/** Every generated file: its path from the root, and what has to be in it. */
const generated: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/reference/settings.md': settingsPage,
  'src/store/schema.sqlite.sql': sqliteSchema,
  'src/store/schema.postgres.sql': postgresSchema,
}

function settingsPage(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|')
  const rows = Object.values(settings).map((one) => `| \`${one.name}\` | ${cell(one.defaultText)} | ${cell(one.help)} |`)
  return `# Settings

Made from \`src/config.ts\` by \`npm run generate\`; edit there. \`millrace serve --help\` prints the same list.

All settings are environment variables, read once at the start. An empty value counts as not set. Wrong values stop the start;
all of them are listed at once.

| name | default | meaning |
| --- | --- | --- |
${rows.join('\n')}
`
}

/** What a fresh SQLite database says of itself after all migrations. */
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

/** Tables by name, each followed by its indexes; the tables that a full-text index keeps for itself are left out. */
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

/** What the migrations say to PostgreSQL, in order. */
function postgresSchema(): string {
  const parts = migrations.map((one) => [`-- ${one.name}`, ...one.statements(postgresDialect).map(layOut)].join('\n\n'))
  return `-- What the migrations say to PostgreSQL, in order. Made by \`npm run generate\`.\n\n${parts.join('\n\n')}\n`
}

/** Statements stand indented in their source; here they begin at the margin. */
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

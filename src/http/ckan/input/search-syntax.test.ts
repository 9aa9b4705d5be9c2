import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { pino } from 'pino'
import { makeBed } from '../../../../test/catalogue.ts'
import { DomainError } from '../../../base/errors.ts'
import { createDataset, updateDataset } from '../../../catalogue/dataset/edit.ts'
import { IndexedSearch } from '../../../catalogue/search/memory/worker.ts'
import type { SearchAnswer } from '../../../catalogue/search/search.ts'
import { sqlSearch } from '../../../catalogue/search/sql/engine.ts'
import { openSnapshots } from '../../../store/snapshots.ts'
import { readSearch } from './search.ts'

const bed = await makeBed()
const ctx = bed.as('root')
const place = bed.url.startsWith('sqlite:')
  ? { kind: 'sqlite' as const, path: bed.url.slice('sqlite:'.length) }
  : { kind: 'postgres' as const, url: bed.url }
const snapshots = openSnapshots(place, pino({ level: 'silent' }))
const indexed = new IndexedSearch(snapshots)

after(async () => {
  await snapshots.close()
  await bed.drop()
})

const page = await readFile(new URL('../../../../docs/reference/search.md', import.meta.url), 'utf8')
/** The cells of a table's rows, by the heading of its first column. */
function table(heading: string): string[][] {
  const from = page.indexOf(`| ${heading} |`)
  const lines = page.slice(from).split('\n\n', 1)[0]?.split('\n').slice(2) ?? []
  return lines.map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|')),
  )
}

const code = (cell = '') => cell.replace(/^`|`$/g, '')
const codes = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map((found) => found[1] ?? '')

for (const [name, title = '', texts = '', tags, year = '', file = ''] of table('name')) {
  bed.clock = code(name) === 'air' ? Date.UTC(2026, 10, 25, 8) : Date.UTC(2024, 0, 15, 10)
  const [resource, format, url] = file.split(', ')
  const author = / author: (.*)$/.exec(texts)?.[1]
  const input = {
    name: code(name),
    title,
    notes: texts.replace(/ author: .*$/, '').replace('notes: ', ''),
    ...(author && { author }),
    tags: codes(tags).map((tag) => ({ name: tag })),
    extras: year === '' ? [] : [{ key: 'year', value: year }],
    resources: url ? [{ name: resource, format, url }] : [],
  }
  await createDataset(ctx, input)
  // A new dataset without a title gets its name.
  if (title === '') await updateDataset(ctx, input.name, { input })
}
await indexed.load()

async function namesOf({ nos }: SearchAnswer): Promise<string[]> {
  const rows = await ctx.store.db.selectFrom('dataset').select(['no', 'name']).execute()
  return nos.map((no) => rows.find((row) => row.no === no)?.name ?? '')
}

const now = Date.UTC(2026, 10, 29, 12)

for (const [query, , found] of table('query')) {
  const [, parameter = '', text = ''] = /^([a-z.]+)=(.*)$/.exec(code(query)) ?? []
  test(`${code(query)} finds ${found}`, async () => {
    const input = { [parameter]: parameter === 'fields' ? JSON.parse(text) : ['fq_list', 'facet.field'].includes(parameter) ? [text] : text }
    const read = () => readSearch(input, { call: { prefix: '/api/3/action' }, config: ctx.config, now })
    for (const engine of [sqlSearch, { search: (who: typeof ctx, asked: ReturnType<typeof read>) => indexed.search(who.actor, asked) }]) {
      const answer = (async () => namesOf(await engine.search(bed.as('anonymous') as typeof ctx, read())))()
      if (found === '400') {
        await assert.rejects(
          answer,
          (error) => error instanceof DomainError && error.code === 'invalid' && Object.keys(error.fields ?? {})[0] === parameter,
        )
      } else assert.deepEqual(await answer, codes(found))
    }
  })
}

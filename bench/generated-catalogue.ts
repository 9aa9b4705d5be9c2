import { deepEqual } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { type Dataset, type DatasetTag, type Membership, newDataset } from '../src/catalogue/dataset/dataset.ts'
import { type DatasetDraft, planChange } from '../src/catalogue/dataset/diff.ts'
import { type Application, applyDraft, searchWords } from '../src/catalogue/dataset/save.ts'
import { datasetRow, foldedRow } from '../src/catalogue/dataset/write-store.ts'
import { emptyResource } from '../src/catalogue/resource/resource.ts'
import { resourceRow } from '../src/catalogue/resource/store.ts'
import { insertRevision } from '../src/catalogue/revision/store.ts'
import { searchStoreOf } from '../src/catalogue/search/sql/word-index.ts'
import { fold } from '../src/catalogue/search/tokenizer.ts'
import { ensureTags } from '../src/catalogue/tag/store.ts'
import type { Store } from '../src/store/store.ts'

const vocabularySize = 60_000
const tagCount = 5000
const organizationCount = 50
const groupCount = 25
const licenceCount = 30
export const formats = [
  'CSV',
  'JSON',
  'XLSX',
  'XML',
  'PDF',
  'ZIP',
  'GeoJSON',
  'SHP',
  'KML',
  'WMS',
  'WFS',
  'API',
  'HTML',
  'TXT',
  'RDF',
  'ODS',
  'DOCX',
  'TIFF',
  'GPX',
  'N3',
]
const datasetsPerWrite = 100

/** The same numbers at every run: a small generator of Park and Miller's kind. */
export function numbersFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

const syllables =
  'ba be bi bo bu da de di do du ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu ra re ri ro ru ta te ti to tu va vo'.split(' ')

/** Word number `rank`, 1 being the most frequent: made of syllables, each rank another word. */
export function wordOf(rank: number): string {
  let word = ''
  for (let rest = rank + syllables.length; rest > 0; rest = Math.floor(rest / syllables.length)) word += syllables[rest % syllables.length]
  return `${word}x`
}

/** Words as texts have them: the n-th most frequent one is n times rarer than the first. */
export class Words {
  readonly #random: () => number
  readonly #sums = new Float64Array(vocabularySize)

  constructor(random: () => number) {
    this.#random = random
    let sum = 0
    for (let rank = 1; rank <= vocabularySize; rank++) {
      sum += 1 / rank
      this.#sums[rank - 1] = sum
    }
  }

  text(length: number): string {
    return Array.from({ length }, () => wordOf(this.#rank())).join(' ')
  }

  #rank(): number {
    const wanted = this.#random() * (this.#sums[vocabularySize - 1] as number)
    let [low, high] = [0, vocabularySize - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#sums[middle] as number) < wanted) low = middle + 1
      else high = middle
    }
    return low + 1
  }
}

interface Surroundings {
  readonly tags: readonly Pick<DatasetTag, 'no' | 'id' | 'name'>[]
  readonly groups: readonly Membership[]
  readonly organizations: readonly { no: number; id: string }[]
}

/**
 * Fills a store with datasets of realistic size, in the rows that the write path makes: title of 6 words,
 * notes of 60, up to 3 tags, up to 2 formats in 1 to 5 resources, an organization, a licence, perhaps a group.
 */
export async function generateCatalogue(store: Store, count: number): Promise<void> {
  const random = numbersFrom(20_261)
  const words = new Words(random)
  const some = (most: number) => Math.floor(random() * most)
  const around = await addSurroundings(store)
  for (let from = 0; from < count; from += datasetsPerWrite) {
    const drafts = Array.from({ length: Math.min(datasetsPerWrite, count - from) }, (_, at) => draftOf(from + at, { words, some, around }))
    await writeDrafts(store, drafts)
    if (from === 0 && drafts[0]) await checkShape(store, drafts[0])
  }
  // PostgreSQL does that by itself within a minute of so many writes; until then it plans as for empty tables.
  if (store.dialect.name === 'postgres') await sql`vacuum analyze`.execute(store.db)
}

type Draft = Pick<Application, 'before' | 'draft'>

/** Many datasets in few statements: the rows of the catalogue's own functions, a row of each table for each dataset and part. */
async function writeDrafts(store: Store, drafts: readonly Draft[]): Promise<void> {
  const now = Date.now()
  await store.write(async ({ db, dialect }) => {
    const stamp = { id: randomUUID(), at: now }
    await insertRevision(db, { ...stamp, author: 'bench', message: 'Generated' })
    const datasets = await Promise.all(drafts.map(async ({ before, draft }) => (await planChange(before, draft, stamp)).after))
    const nos = await db
      .insertInto('dataset')
      .values(await Promise.all(datasets.map(datasetRow)))
      .returning(['id', 'no'])
      .execute()
    const noOf = new Map(nos.map((row) => [row.id, row.no]))
    const all = <P>(rowsOf: (dataset: Dataset, dataset_no: number) => P[]) => datasets.flatMap((one) => rowsOf(one, noOf.get(one.id) ?? 0))
    await db
      .insertInto('dataset_folded')
      .values(await Promise.all(all((one, dataset_no) => [foldedRow(one).then((row) => ({ dataset_no, ...row }))])))
      .execute()
    await db
      .insertInto('resource')
      .values(await Promise.all(all((one, no) => one.resources.map((resource) => resourceRow(resource, no)))))
      .execute()
    const revised = { state: 'active', revision_id: stamp.id, revision_at: now }
    const links = all((one, dataset_no) => one.tags.map((tag) => ({ dataset_no, tag_no: tag.no, ...revised })))
    await db.insertInto('dataset_tag').values(links).execute()
    const extras = all((one, dataset_no) =>
      one.extras.map(({ id, key, value }) => ({ id, dataset_no, key, value, value_folded: fold(value), ...revised })),
    )
    await db.insertInto('dataset_extra').values(extras).execute()
    const members = all((one, dataset_no) => one.memberships.map((link) => ({ group_no: link.groupNo, dataset_no, capacity: 'public', ...revised })))
    if (members.length > 0) await db.insertInto('membership').values(members).execute()
    for (const one of datasets) await searchStoreOf(dialect).add(db, noOf.get(one.id) ?? 0, await searchWords(one))
    const last = await db
      .selectFrom('change')
      .select((eb) => eb.fn.max('no').as('no'))
      .executeTakeFirst()
    const changes = datasets.map((one, at) => ({ no: (last?.no ?? 0) + 1 + at, kind: 'dataset', entity_id: one.id, what: 'created', at: now }))
    await db.insertInto('change').values(changes).execute()
  })
}

/** That a dataset of the write path has the same rows as a generated one. */
async function checkShape(store: Store, { before, draft }: Draft): Promise<void> {
  const twin = { ...before, id: randomUUID(), name: 'by-the-write-path' }
  const twinCore = { id: twin.id, name: twin.name }
  const edit = { author: 'bench', message: 'Create', now: Date.now(), dialect: store.dialect }
  await store.write((write) => applyDraft(write, edit, { before: twin, draft: { ...draft, core: { ...draft.core, ...twinCore } } }))
  const [one, other] = await Promise.all([shapeOf(store, draft.core.name), shapeOf(store, twin.name)])
  deepEqual(one, other)
}

async function shapeOf({ db }: Store, name: string): Promise<unknown> {
  const row = await db.selectFrom('dataset').selectAll().where('name', '=', name).executeTakeFirstOrThrow()
  const counts: unknown[] = []
  for (const table of ['dataset_folded', 'resource', 'dataset_tag', 'dataset_extra', 'membership'] as const) {
    const rows = await db.selectFrom(table).selectAll().where('dataset_no', '=', row.no).execute()
    counts.push(rows.map((part) => Object.entries(part).map(([column, value]) => [column, typeof value])))
  }
  const document = Object.entries(JSON.parse(row.document)).map(([key, value]) => [key, Array.isArray(value) ? value.length : typeof value])
  return { columns: Object.entries(row).map(([column, value]) => [column, typeof value]), counts, document }
}

function draftOf(
  at: number,
  { words, some, around }: { words: Words; some: (most: number) => number; around: Surroundings },
): Pick<Application, 'before' | 'draft'> {
  const own = [formats[some(formats.length)] ?? 'CSV', formats[some(formats.length)] ?? 'CSV']
  const organization = around.organizations[some(organizationCount)]
  const name = `dataset-${at.toString(36)}`
  const before = newDataset({ id: randomUUID(), name, creatorId: null, sourceId: null, now: Date.now() })
  const core = { ...before, title: words.text(6), notes: words.text(60) }
  const resources = Array.from({ length: 1 + some(5) }, (_, index) => ({
    ...emptyResource,
    id: undefined,
    url: `http://data.example/${name}/${index}`,
    name: words.text(2),
    format: own[index % 2] ?? 'CSV',
  }))
  const group = around.groups[some(groupCount * 2)]
  const draft: DatasetDraft = {
    core: { ...core, licenseId: `licence-${some(licenceCount)}`, ownerOrgNo: organization?.no ?? null },
    ownerOrgId: organization?.id ?? null,
    resources,
    tags: [...new Set(Array.from({ length: some(4) }, () => around.tags[some(tagCount)]))].filter((tag) => tag !== undefined),
    extras: new Map([['year', String(1990 + some(35))]]),
    groups: group ? [group] : [],
  }
  return { before, draft }
}

async function addSurroundings(store: Store): Promise<Surroundings> {
  return store.write(async ({ db, dialect }) => {
    const stamp = { state: 'active', revision_id: 'bench', revision_at: 0 }
    const add = async (name: string, isOrganization: number) => {
      const texts = { id: randomUUID(), name, title: name, title_folded: name, description: '', image_url: '', approval_status: 'approved' }
      const kind = { is_organization: isOrganization, type: isOrganization ? 'organization' : 'group', creator_id: null, created_at: 0 }
      const { no } = await db
        .insertInto('catalogue_group')
        .values({ ...texts, ...kind, ...stamp })
        .returning('no')
        .executeTakeFirstOrThrow()
      return { no, id: texts.id, name }
    }
    const organizations: { no: number; id: string }[] = []
    for (let at = 0; at < organizationCount; at++) organizations.push(await add(`organization-${at}`, 1))
    const groups: Membership[] = []
    for (let at = 0; at < groupCount; at++) {
      const { no, id, name } = await add(`group-${at}`, 0)
      groups.push({ groupNo: no, groupId: id, groupName: name, isGroupActive: true, state: 'active', stamp: { id: 'bench', at: 0 } })
    }
    const names = Array.from({ length: tagCount }, (_, at) => `${wordOf(at * 11 + 1)} ${at}`)
    return { tags: await ensureTags(db, dialect, names), groups, organizations }
  })
}

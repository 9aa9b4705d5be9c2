import { type RawBuilder, sql } from 'kysely'
import { lastChange, listChanges } from '../../../store/changes.ts'
import type { Dialect } from '../../../store/dialect.ts'
import type { Db } from '../../../store/store.ts'
import { toRole } from '../../group/member-store.ts'
import type { MemberRole } from '../../policy.ts'
import { parseNos } from '../numbers.ts'
import { type FacetSource, facetSource, listFacetValues } from '../sql/facets.ts'
import { Column } from './column.ts'
import type { DatasetIndex, GroupLabel, IndexRow } from './index.ts'

/** Fields whose values are held from the start; others are fetched when they are first counted. */
const heldFields = ['tags', 'groups', 'organization', 'license_id', 'res_format'] as const
/** Maximum number of fields in memory. */
const maxColumns = 16
/** Characters; SQL counts the values of a field with more. */
const maxCharacters = 8_000_000
/** Fields whose values are nearly all different: SQL counts them, to save memory. */
const wideFields = new Set(['id', 'name', 'title', 'notes', 'url'])

const datasetsPerStatement = 2000
const changesPerStatement = 1000

/** Columns of groups hold numbers, so that a group can get another name without its datasets being visited. */
const groupSources: Readonly<Record<string, FacetSource>> = {
  groups: {
    join: sql`join membership as link on link.dataset_no = dataset.no and link.state = 'active'`,
    value: sql`cast(link.group_no as text)`,
  },
  organization: { join: sql``, value: sql`cast(dataset.owner_org_no as text)` },
}

const sourceOf = (field: string): FacetSource => (Object.hasOwn(groupSources, field) && groupSources[field]) || facetSource(field)

/** Fills an empty index from a snapshot. */
export async function loadIndex(db: Db, index: DatasetIndex): Promise<void> {
  index.changeNo = await lastChange(db)
  await readGroups(db, index, sql`1 = 1`)
  for (let from = 0, isMore = true; isMore; from += datasetsPerStatement) {
    const where = sql`dataset.no > ${from} and dataset.no <= ${from + datasetsPerStatement}`
    for (const row of await listRows(db, where)) index.load(row)
    isMore = await isAnyAfter(db, from + datasetsPerStatement)
  }
  index.sort()
  for (const field of heldFields) await loadColumn(db, index, field)
}

/** Brings the index to the last change of the snapshot. */
export async function catchUp(db: Db, dialect: Dialect, { index, last }: { index: DatasetIndex; last: number }): Promise<void> {
  while (index.changeNo < last) {
    const changes = await listChanges(db, index.changeNo, changesPerStatement)
    const idsOf = (kind: string) => [...new Set(changes.filter((change) => change.kind === kind).map((change) => change.id))]
    const [datasets, groups] = [idsOf('dataset'), idsOf('group')]
    if (groups.length > 0) await readGroups(db, index, sql`groups.id ${dialect.among(dialect.list(groups))}`)
    if (datasets.length > 0) await refresh(db, index, { ids: datasets, dialect })
    if (groups.length > 0 || datasets.length > 0) index.catalogueNo = changes.at(-1)?.no ?? last
    index.changeNo = changes.at(-1)?.no ?? last
  }
}

/** The column of a field; undefined when SQL has to count it. */
export async function findColumn(db: Db, index: DatasetIndex, field: string): Promise<Column | undefined> {
  const held = index.columns.get(field)
  if (held) {
    // A field that is used moves to the end; the first one is dropped when there are too many.
    index.columns.delete(field)
    index.columns.set(field, held)
    return held
  }
  if (wideFields.has(field)) return undefined
  const column = await loadColumn(db, index, field)
  if (index.columns.size <= maxColumns) return column
  const oldest = [...index.columns.keys()].find((one) => !heldFields.some((kept) => kept === one))
  if (oldest !== undefined) index.columns.delete(oldest)
  return column
}

async function loadColumn(db: Db, index: DatasetIndex, field: string): Promise<Column | undefined> {
  const column = new Column()
  for (let from = 0; from < index.size; from += datasetsPerStatement) {
    fill(column, await listFacetValues(db, sourceOf(field), sql`dataset.no > ${from} and dataset.no <= ${from + datasetsPerStatement}`))
    if (column.characters > maxCharacters) return undefined
  }
  index.columns.set(field, column)
  return column
}

/** Values come by dataset, so that each one is set once. */
function fill(column: Column, values: Awaited<ReturnType<typeof listFacetValues>>): void {
  for (let at = 0; at < values.length; ) {
    const no = values[at]?.no ?? 0
    const own: string[] = []
    for (; values[at]?.no === no; at++) own.push(values[at]?.value ?? '')
    column.set(no, own)
  }
}

async function refresh(db: Db, index: DatasetIndex, { ids, dialect }: { ids: readonly string[]; dialect: Dialect }): Promise<void> {
  const rows = await listRows(db, sql`dataset.id ${dialect.among(dialect.list(ids))}`)
  for (const row of rows) index.put(row)
  if (rows.length < ids.length) {
    const found = new Set(rows.map((row) => row.id))
    for (const id of ids) if (!found.has(id)) index.removeId(id)
  }
  const where = sql`dataset.no ${dialect.among(dialect.numbers(rows.map((row) => row.no)))}`
  for (const [field, column] of index.columns) {
    for (const { no } of rows) column.set(no, [])
    if (rows.length > 0) fill(column, await listFacetValues(db, sourceOf(field), where))
  }
}

async function listRows(db: Db, where: RawBuilder<unknown>): Promise<readonly IndexRow[]> {
  const { rows } = await sql<IndexRow>`select dataset.no, dataset.id, dataset.name, dataset.title, dataset.private, dataset.unlisted, dataset.state,
      dataset.owner_org_no, dataset.creator_id, dataset.source_id, dataset.created_at, dataset.modified_at,
      case when exists (select 1 from resource where resource.dataset_no = dataset.no and resource.state = 'active') then 1 else 0 end as downloadable
    from dataset where ${where}`.execute(db)
  return rows
}

async function isAnyAfter(db: Db, no: number): Promise<boolean> {
  const { rows } = await sql`select 1 from dataset where no > ${no} limit 1`.execute(db)
  return rows.length > 0
}

async function readGroups(db: Db, index: DatasetIndex, where: RawBuilder<unknown>): Promise<void> {
  const { rows } = await sql<{ no: number; id: string; name: string; state: string }>`select groups.no, groups.id, groups.name, groups.state
    from catalogue_group as groups where ${where}`.execute(db)
  for (const { no, id, name, state } of rows) index.groups.set(no, { no, id, name, isActive: state === 'active' } satisfies GroupLabel)
}

/** The roles of a user, by number of the organization. */
export async function listRoles(db: Db, userId: string): Promise<Map<number, MemberRole>> {
  const rows = await db.selectFrom('group_role').select(['group_no', 'role']).where('user_id', '=', userId).execute()
  return new Map(rows.map((row) => [row.group_no, toRole(row.role)]))
}

/** Numbers of the datasets that meet a condition, ascending; one statement, one row. */
export async function listNos(db: Db, dialect: Dialect, where: RawBuilder<unknown>): Promise<Uint32Array> {
  const { rows } = await sql<{ nos: string | null }>`select ${dialect.joined(sql`dataset.no`)} as nos from dataset where ${where}`.execute(db)
  return parseNos(rows[0]?.nos).sort()
}

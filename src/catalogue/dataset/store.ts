import { type RawBuilder, type Selectable, sql } from 'kysely'
import { TryAgain } from '../../store/database-error.ts'
import { perDialect, statement } from '../../store/statement.ts'
import type { Db, Store } from '../../store/store.ts'
import type { Schema } from '../../store/tables/schema.ts'
import { isUuid } from '../field-reader.ts'
import { findRelationships } from '../relationship/store.ts'
import { findResources } from '../resource/store.ts'
import type { DatasetVisibility } from '../visibility.ts'
import { toPartState, toVisibility, visibilityColumns } from '../visibility-store.ts'
import type { DatasetTag, Extra, Membership, StoredDataset } from './dataset.ts'

/** A dataset ready to be shown: its visibility, its finished text, and the facts that are not in the text. */
export interface KeptDataset extends DatasetVisibility {
  readonly licenseId: string | null
  readonly isInGroups: boolean
  /** See `package-json.ts`. */
  readonly document: string
}

/** The columns of a kept dataset without its document. */
export const keptFacts = [...visibilityColumns, 'license_id', 'in_groups'] as const
const keptColumns = [...keptFacts, 'document'] as const

export type KeptRow = Pick<Selectable<Schema['dataset']>, (typeof keptColumns)[number]>

export const toKept = (row: Omit<KeptRow, 'document'>, document: string): KeptDataset => ({
  ...toVisibility(row),
  licenseId: row.license_id,
  isInGroups: row.in_groups === 1,
  document,
})

const keptById = statement((db, p: { ref: string }) => db.selectFrom('dataset').select(keptColumns).where('id', '=', p.ref))
const keptByName = statement((db, p: { ref: string }) => db.selectFrom('dataset').select(keptColumns).where('name', '=', p.ref))

/** A dataset by id or name (an id is tried first), ready to be shown. */
export async function findKept(db: Db, ref: string): Promise<KeptDataset | undefined> {
  const rows = isUuid(ref) ? await keptById(db, { ref }) : []
  const row = rows[0] ?? (await keptByName(db, { ref }))[0]
  return row && toKept(row, row.document)
}

const nosByName = statement((db, p: { name: string }) => db.selectFrom('dataset').select('no').where('name', '=', p.name))

export async function isNameTaken(db: Db, name: string): Promise<boolean> {
  return (await nosByName(db, { name })).length > 0
}

export async function isIdTaken(db: Db, id: string): Promise<boolean> {
  return (await db.selectFrom('dataset').select('no').where('id', '=', id).executeTakeFirst()) !== undefined
}

/** Part of a long list. */
export interface Page {
  readonly limit?: number | undefined
  readonly offset?: number | undefined
}

/** Names of the datasets that meet a condition, ascending. */
export async function listNames(db: Db, where: RawBuilder<unknown>, { limit, offset }: Page): Promise<string[]> {
  const rows = await db
    .selectFrom('dataset')
    .select('name')
    .where(sql<boolean>`${where}`)
    .orderBy('name')
    .limit(limit ?? Number.MAX_SAFE_INTEGER)
    .offset(offset ?? 0)
    .execute()
  return rows.map((row) => row.name)
}

type DatasetRow = Selectable<Schema['dataset']>

const lockedBy = (column: 'no' | 'id' | 'name') =>
  perDialect((dialect) =>
    statement((db, p: { ref: string | number }) => db.selectFrom('dataset').selectAll().where(column, '=', p.ref).modifyEnd(dialect.forUpdate)),
  )

const [lockedByNo, lockedById, lockedByName] = [lockedBy('no'), lockedBy('id'), lockedBy('name')]

/** A dataset with all its parts, its row locked until the write ends. If it was purged since it was found, the write runs again. */
export async function lockDataset(db: Db, dialect: Store['dialect'], no: number): Promise<StoredDataset> {
  const [row] = await lockedByNo(dialect)(db, { ref: no })
  if (!row) throw new TryAgain('the dataset was removed meanwhile')
  return loadParts(db, row)
}

/** A dataset whose row is locked: the facts that decide about rights, and the loading of the rest. */
export interface LockedRow {
  readonly dataset: DatasetVisibility
  readonly load: () => Promise<StoredDataset>
}

/** Locks the row of a dataset by id or name (an id is tried first) until the write ends. */
export async function lockRow(db: Db, dialect: Store['dialect'], ref: string): Promise<LockedRow | undefined> {
  const rows = isUuid(ref) ? await lockedById(dialect)(db, { ref }) : []
  const row = rows[0] ?? (await lockedByName(dialect)(db, { ref }))[0]
  return row && { dataset: toVisibility(row), load: () => loadParts(db, row) }
}

async function loadParts(db: Db, row: DatasetRow): Promise<StoredDataset> {
  return {
    ...toVisibility(row),
    title: row.title,
    version: row.version,
    url: row.url,
    author: row.author,
    authorEmail: row.author_email,
    maintainer: row.maintainer,
    maintainerEmail: row.maintainer_email,
    notes: row.notes,
    licenseId: row.license_id,
    type: row.type,
    ownerOrgId: await findGroupId(db, row.owner_org_no),
    resourceGroupId: row.resource_group_id,
    stamp: { id: row.revision_id, at: row.revision_at },
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    resources: await findResources(db, row.no),
    tags: await findTagLinks(db, row.no),
    extras: await findExtras(db, row.no),
    memberships: row.in_groups === 1 ? await findMemberships(db, row.no) : [],
    relationships: await findRelationships(db, row.no),
    document: row.document,
  }
}

const groupIds = statement((db, p: { no: number }) => db.selectFrom('catalogue_group').select('id').where('no', '=', p.no))

async function findGroupId(db: Db, no: number | null): Promise<string | null> {
  if (no === null) return null
  const [row] = await groupIds(db, { no })
  if (!row) throw new Error(`there is no group number ${no}`)
  return row.id
}

const tagLinks = statement((db, p: { no: number }) =>
  db
    .selectFrom('dataset_tag as link')
    .innerJoin('tag', 'tag.no', 'link.tag_no')
    .select(['tag.no', 'tag.id', 'tag.name', 'link.state', 'link.revision_id', 'link.revision_at'])
    .where('link.dataset_no', '=', p.no)
    .orderBy('tag.name'),
)

async function findTagLinks(db: Db, no: number): Promise<DatasetTag[]> {
  const rows = await tagLinks(db, { no })
  return rows.map((row) => ({
    no: row.no,
    id: row.id,
    name: row.name,
    state: toPartState(row.state),
    stamp: { id: row.revision_id, at: row.revision_at },
  }))
}

const extraRows = statement((db, p: { no: number }) =>
  db.selectFrom('dataset_extra').select(['id', 'key', 'value', 'state', 'revision_id', 'revision_at']).where('dataset_no', '=', p.no).orderBy('key'),
)

async function findExtras(db: Db, no: number): Promise<Extra[]> {
  const rows = await extraRows(db, { no })
  return rows.map((row) => ({
    id: row.id,
    key: row.key,
    value: row.value,
    state: toPartState(row.state),
    stamp: { id: row.revision_id, at: row.revision_at },
  }))
}

const membershipRows = statement((db, p: { no: number }) =>
  db
    .selectFrom('membership as link')
    .innerJoin('catalogue_group as groups', 'groups.no', 'link.group_no')
    .select(['groups.no', 'groups.id', 'groups.name', 'groups.state as group_state', 'link.state', 'link.revision_id', 'link.revision_at'])
    .where('link.dataset_no', '=', p.no)
    .orderBy('groups.name'),
)

async function findMemberships(db: Db, no: number): Promise<Membership[]> {
  const rows = await membershipRows(db, { no })
  return rows.map((row) => ({
    groupNo: row.no,
    groupId: row.id,
    groupName: row.name,
    isGroupActive: row.group_state === 'active',
    state: toPartState(row.state),
    stamp: { id: row.revision_id, at: row.revision_at },
  }))
}

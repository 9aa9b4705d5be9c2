import { type Selectable, sql } from 'kysely'
import { exactJson, isObject } from '../../base/json.ts'
import { batches, perDialect, placeholdersOf, statement } from '../../store/statement.ts'
import type { Db, Write } from '../../store/store.ts'
import type { Schema } from '../../store/tables/schema.ts'
import { mapInTurns } from '../../store/turns.ts'
import type { ChangedParts } from '../dataset/write-store.ts'
import type { Input } from '../field-reader.ts'
import { fold } from '../search/tokenizer.ts'
import { foldInTurns } from '../text-pieces.ts'
import { canonicalFormat } from './format.ts'
import type { Resource } from './resource.ts'

function parseRest(text: string): Input {
  const value = text === '{}' ? {} : exactJson(text)
  return isObject(value) ? value : {}
}

const toResource = (row: Selectable<Schema['resource']>): Resource => ({
  id: row.id,
  position: row.position,
  url: row.url,
  isOwnUrl: row.url_is_own === 1,
  urlType: row.url_type,
  name: row.name,
  description: row.description,
  format: row.format,
  hash: row.hash,
  mimetype: row.mimetype,
  size: row.size,
  rest: parseRest(row.rest),
  digest: row.digest,
  fileName: row.file_name,
  state: row.state === 'active' || row.state === 'pending' ? row.state : 'deleted',
  stamp: { id: row.revision_id, at: row.revision_at },
  createdAt: row.created_at,
  modifiedAt: row.modified_at,
})

type ResourceRow = Selectable<Schema['resource']>

const resourceColumns = {
  id: 'text',
  dataset_no: 'integer',
  position: 'integer',
  url: 'text',
  url_is_own: 'integer',
  url_type: 'text',
  name: 'text',
  description: 'text',
  format: 'text',
  format_folded: 'text',
  format_name: 'text',
  name_folded: 'text',
  description_folded: 'text',
  hash: 'text',
  mimetype: 'text',
  size: 'integer',
  rest: 'text',
  digest: 'text',
  file_name: 'text',
  state: 'text',
  revision_id: 'text',
  revision_at: 'integer',
  created_at: 'integer',
  modified_at: 'integer',
} as const

/** The derived columns that searches and facets use. */
export async function readableTexts({ name, description, format }: Pick<Resource, 'name' | 'description' | 'format'>) {
  const formatName = canonicalFormat(format)
  return {
    format_name: formatName,
    format_folded: fold(formatName),
    name_folded: name === null ? null : await foldInTurns(name),
    description_folded: await foldInTurns(description),
  }
}

export async function resourceRow(resource: Resource, datasetNo: number): Promise<ResourceRow> {
  return {
    id: resource.id,
    dataset_no: datasetNo,
    position: resource.position,
    url: resource.url,
    url_is_own: resource.isOwnUrl ? 1 : 0,
    url_type: resource.urlType,
    name: resource.name,
    description: resource.description,
    format: resource.format,
    ...(await readableTexts(resource)),
    hash: resource.hash,
    mimetype: resource.mimetype,
    size: resource.size,
    rest: JSON.stringify(resource.rest),
    digest: resource.digest,
    file_name: resource.fileName,
    state: resource.state,
    revision_id: resource.stamp.id,
    revision_at: resource.stamp.at,
    created_at: resource.createdAt,
    modified_at: resource.modifiedAt,
  }
}

const rowsOfDataset = statement((db, p: { no: number }) =>
  db.selectFrom('resource').selectAll().where('dataset_no', '=', p.no).orderBy('position').orderBy('id'),
)

/** All resources of a dataset, deleted ones included, by position. */
export async function findResources(db: Db, datasetNo: number): Promise<Resource[]> {
  const rows = await rowsOfDataset(db, { no: datasetNo })
  return mapInTurns(rows, toResource)
}

const rowsById = statement((db, p: { id: string }) => db.selectFrom('resource').selectAll().where('id', '=', p.id))

/** A resource and the number of its dataset. */
export async function findResource(db: Db, id: string): Promise<{ resource: Resource; datasetNo: number } | undefined> {
  const [row] = await rowsById(db, { id })
  return row && { resource: toResource(row), datasetNo: row.dataset_no }
}

const placesOf = perDialect((dialect) =>
  statement((db, p: { ids: readonly string[] }) => db.selectFrom('resource').select(['id', 'dataset_no']).where('id', 'in', dialect.list(p.ids))),
)

/** Which of these ids are taken by resources of other datasets. */
export async function takenIds({ db, dialect }: Pick<Write, 'db' | 'dialect'>, datasetNo: number, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await placesOf(dialect)(db, { ids })
  return new Set(rows.filter((row) => row.dataset_no !== datasetNo).map((row) => row.id))
}

const insertRow = statement((db, p: ResourceRow) => db.insertInto('resource').values(placeholdersOf(p, resourceColumns)))

const insertRows = perDialect((dialect) =>
  statement((_, p: { rows: readonly ResourceRow[] }) => {
    const names = sql.join(Object.keys(resourceColumns).map((name) => sql.ref(name)))
    return sql`insert into resource (${names}) select ${names} from ${dialect.rows('added', resourceColumns, p.rows)}`
  }),
)

const updateRow = statement((db, p: ResourceRow) => {
  const { id, dataset_no, ...values } = placeholdersOf(p, resourceColumns)
  return db.updateTable('resource').set(values).where('id', '=', id).where('dataset_no', '=', dataset_no)
})

const updateState = statement((db, p: Pick<ResourceRow, 'id' | 'dataset_no' | 'state' | 'revision_id' | 'revision_at'>) =>
  db
    .updateTable('resource')
    .set({ state: p.state, revision_id: p.revision_id, revision_at: p.revision_at })
    .where('id', '=', p.id)
    .where('dataset_no', '=', p.dataset_no),
)

const sizeOf = ({ url, name, description }: Resource) => url.length + (name ?? '').length + description.length

/** Writes changed resources. Of one that is deleted nothing else changes. */
export async function saveResources(db: Db, { datasetNo, parts, stored, dialect }: ChangedParts<Resource>): Promise<void> {
  const known = new Set(stored.map((one) => one.id))
  const added = parts.filter((one) => !known.has(one.id))
  for (const batch of batches(added, sizeOf)) {
    const rows: ResourceRow[] = []
    for (const resource of batch) rows.push(await resourceRow(resource, datasetNo))
    await (rows.length === 1 ? insertRow(db, rows[0] as ResourceRow) : insertRows(dialect)(db, { rows }))
  }
  for (const resource of parts) {
    if (!known.has(resource.id)) continue
    const row = await resourceRow(resource, datasetNo)
    await (resource.state === 'deleted' ? updateState(db, row) : updateRow(db, row))
  }
}

import type { Insertable, Selectable } from 'kysely'
import { batches } from '../store/batches.ts'
import type { Schema } from '../store/schema.ts'
import type { Db } from '../store/store.ts'
import { isObject } from './field-reader.ts'
import type { Resource } from './resource.ts'
import { fold } from './tokenizer.ts'

function parseRest(text: string): Record<string, string> {
  const value: unknown = JSON.parse(text)
  const entries = isObject(value) ? Object.entries(value) : []
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
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

export function resourceRow(resource: Resource, datasetNo: number): Insertable<Schema['resource']> {
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
    format_folded: fold(resource.format).slice(0, 500),
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

/** All resources of a dataset, deleted ones included, by position. */
export async function findResources(db: Db, datasetNo: number): Promise<Resource[]> {
  const rows = await db.selectFrom('resource').selectAll().where('dataset_no', '=', datasetNo).orderBy('position').orderBy('id').execute()
  return rows.map(toResource)
}

/** A resource and the number of its dataset. */
export async function findResource(db: Db, id: string): Promise<{ resource: Resource; datasetNo: number } | undefined> {
  const row = await db.selectFrom('resource').selectAll().where('id', '=', id).executeTakeFirst()
  return row && { resource: toResource(row), datasetNo: row.dataset_no }
}

/** Which of these ids are taken by resources of other datasets. */
export async function takenIds(db: Db, datasetNo: number, ids: readonly string[]): Promise<Set<string>> {
  const taken = new Set<string>()
  for (const id of ids) {
    const row = await db.selectFrom('resource').select('dataset_no').where('id', '=', id).executeTakeFirst()
    if (row && row.dataset_no !== datasetNo) taken.add(id)
  }
  return taken
}

/** Writes changed resources; `known` are the ids that have a row already. */
export async function saveResources(
  db: Db,
  datasetNo: number,
  { resources, known }: { resources: readonly Resource[]; known: ReadonlySet<string> },
): Promise<void> {
  const added = resources.filter((one) => !known.has(one.id))
  for (const batch of batches(added.map((one) => resourceRow(one, datasetNo)))) await db.insertInto('resource').values(batch).execute()
  for (const resource of resources.filter((one) => known.has(one.id))) {
    const { id, ...values } = resourceRow(resource, datasetNo)
    await db.updateTable('resource').set(values).where('id', '=', id).where('dataset_no', '=', datasetNo).execute()
  }
}

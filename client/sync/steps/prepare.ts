import { CkanDataset } from '../../objects/dataset.ts'
import { extrasToRecord } from '../../objects/extras.ts'
import { readResources } from '../../objects/resource.ts'
import { isRecord, type PlainRecord } from '../../record.ts'
import { SyncFault, textOf } from '../fault.ts'
import type { RunContext } from '../run-context.ts'
import { sourceIdOf, valuesOf } from '../source/data.ts'
import type { SourceRecord } from '../source/source.ts'
import { HARVEST_SOURCE_KEY, joinSourceId } from '../source/source-id.ts'

/** A record of the source after `transform`: null if that left it out. */
export interface Transformed {
  sourceId: string | null
  values: PlainRecord | null
}

/** Applies `transform`. The source id is the key, else the `id` that the transformed record has, else the one it had before.
 * @throws SyncFault INVALID_DATA if the record is no object, or the transform fails.
 */
export async function transformRecord({ settings }: RunContext, record: SourceRecord): Promise<Transformed> {
  const sourceId = sourceIdOf(record)
  const values = valuesOf(record)
  if (!settings.transform) return { sourceId, values }
  const result = await applyTransform(settings.transform, values)
  if (result === null) return { sourceId, values: null }
  const transformed: SourceRecord = { key: record.key, value: result }
  return { sourceId: sourceIdOf(transformed) ?? sourceId, values: valuesOf(transformed) }
}

async function applyTransform(
  transform: (values: PlainRecord) => object | null | Promise<object | null>,
  values: PlainRecord,
): Promise<object | null> {
  try {
    return await transform(values)
  } catch (error) {
    throw new SyncFault('INVALID_DATA', `transform failed: ${textOf(error)}`, { cause: error })
  }
}

/** The dataset that the catalogue is to have: groups and organization by their ids there, and where it came from.
 * @throws SyncFault UNKNOWN_GROUP, UNKNOWN_ORGANIZATION; TypeError if the values are not those of a dataset.
 */
export async function buildDataset({ references, sourceName }: RunContext, sourceId: string, values: PlainRecord): Promise<CkanDataset> {
  const { id: _foreign, groups, owner_org: owner, extras, ...rest } = values
  const dataset = new CkanDataset({ ...rest, extras: { ...extrasToRecord(extras), [HARVEST_SOURCE_KEY]: joinSourceId(sourceName, sourceId) } })
  dataset.groups = await resolveGroups(references, groups)
  dataset.owner_org = await resolveOwner(references, owner)
  for (const resource of readResources(dataset.view('resources'))) resource.id = null
  return dataset
}

async function resolveGroups(references: RunContext['references'], groups: unknown): Promise<string[]> {
  if (groups === undefined || groups === null) return []
  if (!Array.isArray(groups)) throw new SyncFault('INVALID_DATA', `groups must be a list; got ${typeof groups}`)
  const ids: string[] = []
  for (const group of groups) {
    const ref: unknown = isRecord(group) ? (group['name'] ?? group['id']) : group
    if (typeof ref !== 'string' || ref === '') throw new SyncFault('INVALID_DATA', 'groups must be a list of names, or of objects with a name')
    ids.push(await references.resolve('group', ref))
  }
  return ids
}

async function resolveOwner(references: RunContext['references'], owner: unknown): Promise<string | null> {
  if (owner === undefined || owner === null || owner === '') return null
  if (typeof owner !== 'string') throw new SyncFault('INVALID_DATA', `owner_org must be a name; got ${typeof owner}`)
  return references.resolve('organization', owner)
}

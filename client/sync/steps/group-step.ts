import { replacementOf } from '../../high-level/merge.ts'
import { CkanGroup, CkanOrganization } from '../../objects/group.ts'
import { copyJson, isRecord, type PlainRecord } from '../../record.ts'
import type { GroupKind } from '../catalogue.ts'
import { faultOf, SyncFault } from '../fault.ts'
import { workThrough } from '../pool.ts'
import { failedItem, itemOf, type SyncItem } from '../report.ts'
import type { RunContext } from '../run-context.ts'
import { nameIn, valuesOf } from '../source/data.ts'
import { nextRecord, type SourceRecord } from '../source/source.ts'

/** Sees to it that the catalogue has the source's organizations or groups. None is ever deleted; one that fails stops nothing. */
export async function syncGroups(run: RunContext, kind: GroupKind): Promise<void> {
  const source = run.data[`${kind}s`]
  run.reporter.begin(`${kind}s`, source.list?.length ?? null)
  const next = () => nextRecord(source, run.signal)
  const names = new Set<string>()
  const work = async (record: SourceRecord) => {
    const item = await syncGroup(run, { kind, record, names }).catch((error: unknown) => {
      if (run.signal.aborted) throw error
      return failedItem(kind, 'skip', { sourceId: record.key ?? nameIn(record), name: nameIn(record), fault: faultOf(error) })
    })
    await run.add(item)
  }
  await workThrough({ workers: run.settings.concurrency, next, work, signal: run.signal })
}

interface Task {
  kind: GroupKind
  record: SourceRecord
  /** Names that were met before. */
  names: Set<string>
}

async function syncGroup(run: RunContext, { kind, record, names }: Task): Promise<SyncItem> {
  const { id: _foreign, ...values } = valuesOf(record)
  const name = record.key ?? values['name']
  if (typeof name !== 'string' || name === '') throw new SyncFault('INVALID_DATA', `a ${kind} needs a name: a text that is not empty`)
  if (names.has(name)) throw new SyncFault('DUPLICATE_ID', `the source has the ${kind} ${JSON.stringify(name)} twice; the first record counts`)
  names.add(name)
  const wanted = build(kind, { ...values, name, state: 'active' })
  const found = await run.catalogue.findGroup(kind, name)
  const isIt = found !== null && found['name'] === name
  const { action, id, changedFields } = isIt ? await merge(run, wanted, found) : await create(run, wanted)
  run.references.learn(kind, name, id)
  return itemOf(kind, action, { sourceId: name, ckanId: id, name, changedFields })
}

interface Outcome {
  action: 'create' | 'update' | 'unchanged'
  id: string | null
  changedFields: string[]
}

async function create({ catalogue, settings }: RunContext, wanted: CkanGroup | CkanOrganization): Promise<Outcome> {
  const stored = settings.dryRun ? null : await catalogue.createGroup(kindOf(wanted), wanted.toPayload())
  return { action: 'create', id: stored && String(stored['id']), changedFields: [] }
}

/** Leaves a stored one or overwrites it, and in both cases brings it back if it was deleted. */
async function merge({ catalogue, settings }: RunContext, wanted: CkanGroup | CkanOrganization, found: PlainRecord): Promise<Outcome> {
  const kind = kindOf(wanted)
  // Parents are compared by name, as the source has them.
  const stored = build(kind, { ...found, groups: namesOf(found['groups']) })
  const strategy = kind === 'group' ? settings.groupMergeStrategy : settings.organizationMergeStrategy
  const target = strategy === 'update' ? wanted : build(kind, { ...stored.toJSON(), state: 'active' })
  target.id = stored.id
  const changedFields = target.diff(stored).map((one) => one.field)
  if (changedFields.length > 0 && !settings.dryRun) await catalogue.writeGroup(kind, replacementOf(target, stored))
  return { action: changedFields.length > 0 ? 'update' : 'unchanged', id: stored.id, changedFields }
}

const build = (kind: GroupKind, values: PlainRecord) => (kind === 'group' ? new CkanGroup(values) : new CkanOrganization(values))
const kindOf = (group: CkanGroup | CkanOrganization): GroupKind => (group instanceof CkanGroup ? 'group' : 'organization')

function namesOf(groups: unknown): unknown[] {
  const list: unknown[] = Array.isArray(groups) ? groups : []
  return list.map((group) => (isRecord(group) ? (group['name'] ?? group['id']) : copyJson(group)))
}

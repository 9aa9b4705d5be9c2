import { faultOf, SyncFault } from '../fault.ts'
import { FLAG } from '../index/record-table.ts'
import { workThrough } from '../pool.ts'
import { failedItem, itemOf, type SyncItem } from '../report.ts'
import type { RunContext } from '../run-context.ts'
import { isDeletion, nameIn, sourceIdOf } from '../source/data.ts'
import { nextRecord, type SourceRecord } from '../source/source.ts'
import { buildDataset, transformRecord } from './prepare.ts'
import { type Outcome, type Prepared, writeDataset } from './write-dataset.ts'

/** What the records of a source say beside what they hold. */
export interface Tally {
  /** Records of datasets that are there. */
  records: number
  /** Records without a readable source id: each may be any of those that seem to have vanished. */
  unidentified: number
}

/** Datasets that may wait for a name at a time; further ones get another name at once. */
const MAX_WAITING = 1000

/** A record, and how many came before it. */
interface Numbered {
  record: SourceRecord
  number: number
}

interface Walk {
  readonly tally: Tally
  readonly waiting: Prepared[]
  /** Whether names may become free later in this run. */
  readonly mayWait: boolean
}

/** Marks what a source in memory has, without reading any dataset. */
export function markPresent({ index }: RunContext, list: readonly SourceRecord[]): Tally {
  const tally: Tally = { records: 0, unidentified: 0 }
  for (const record of list) {
    const sourceId = sourceIdOf(record)
    if (!isDeletion(record)) tally.records++
    if (sourceId === null) tally.unidentified++
    else markRecord(index, sourceId, isDeletion(record))
  }
  return tally
}

function markRecord(index: RunContext['index'], sourceId: string, isDeleted: boolean): number {
  const entry = index.entryOf(sourceId)
  index.mark(entry, isDeleted ? FLAG.deleted : FLAG.present)
  return entry
}

/** Writes every dataset of the source that differs. */
export async function syncDatasets(run: RunContext, mayWait: boolean): Promise<{ tally: Tally; waiting: Prepared[] }> {
  const walk: Walk = { tally: { records: 0, unidentified: 0 }, waiting: [], mayWait }
  const source = run.data.datasets
  run.reporter.begin('datasets', source.list?.length ?? null)
  let taken = 0
  const next = async () => {
    const record = await nextRecord(source, run.signal)
    return record && { record, number: taken++ }
  }
  const work = async ({ record, number }: Numbered) => {
    const step = syncRecord(run, walk, { record, number })
    const item = await step.catch((error: unknown) => failure(run, record, error))
    if (item === 'later') run.reporter.advance(1)
    else if (item !== 'waits') await run.add(item)
    // A run that breaks off before the name is free has to begin at this record again.
    await run.checkpoints.finish(number, item === 'later' || (item !== 'waits' && item.status === 'ok'))
  }
  await workThrough({ workers: run.settings.concurrency, next, work, signal: run.signal })
  return walk
}

/** Tries again to create the datasets that waited for a name. */
export async function syncWaiting(run: RunContext, waiting: readonly Prepared[]): Promise<void> {
  const left = waiting.values()
  const next = () => left.next().value ?? null
  const work = async (prepared: Prepared) => {
    const { sourceId, dataset } = prepared
    const written = writeDataset(run, prepared, false).then((outcome) => itemFor(sourceId, outcome))
    await run.add(await written.catch((error: unknown) => failure(run, { key: sourceId, value: { name: dataset.name } }, error)))
  }
  await workThrough({ workers: run.settings.concurrency, next, work, signal: run.signal })
}

/** What became of a record: an item, or nothing to report before the run's deletions are done. */
async function syncRecord(
  run: RunContext,
  walk: Walk,
  { record, number }: { record: SourceRecord; number: number },
): Promise<SyncItem | 'later' | 'waits'> {
  if (isDeletion(record)) return noteDeletion(run, walk, record)
  walk.tally.records++
  const { sourceId, values } = await transformRecord(run, record).catch((error: unknown) => {
    keepPresent(run, walk, record)
    throw error
  })
  if (sourceId === null) throw unidentified(walk)
  const { isNew, entry } = meet(run, sourceId)
  if (values === null || number < run.checkpoints.start) return itemOf('dataset', 'skip', { sourceId, ckanId: run.index.ckanIdOf(entry) })
  if (!isNew) throw duplicate(sourceId)
  const prepared = { sourceId, entry, dataset: await buildDataset(run, sourceId, values) }
  const outcome = await writeDataset(run, prepared, walk.mayWait && walk.waiting.length < MAX_WAITING)
  if (outcome) return itemFor(sourceId, outcome)
  walk.waiting.push(prepared)
  return 'waits'
}

/** A record that cannot be read is there all the same. */
function keepPresent(run: RunContext, walk: Walk, record: SourceRecord): void {
  const sourceId = sourceIdOf(record)
  if (sourceId === null) walk.tally.unidentified++
  else markRecord(run.index, sourceId, false)
}

function noteDeletion(run: RunContext, walk: Walk, record: SourceRecord): SyncItem | 'later' {
  const sourceId = sourceIdOf(record)
  if (sourceId === null) throw unidentified(walk)
  const entry = run.index.findStored(sourceId)
  if (entry === undefined || !run.settings.deleteMissing) return itemOf('dataset', 'skip', { sourceId })
  run.index.mark(entry, FLAG.deleted)
  return 'later'
}

function meet({ index }: RunContext, sourceId: string): { isNew: boolean; entry: number } {
  const entry = markRecord(index, sourceId, false)
  const isNew = !index.is(entry, FLAG.seen)
  index.mark(entry, FLAG.seen)
  return { isNew, entry }
}

function unidentified(walk: Walk): SyncFault {
  walk.tally.unidentified++
  return new SyncFault(
    'INVALID_DATA',
    'a dataset needs an id in its source: a text that is not empty. What is missing in the source is not deleted in this run',
  )
}

const duplicate = (sourceId: string) =>
  new SyncFault('DUPLICATE_ID', `the source has the id ${JSON.stringify(sourceId)} twice; the first record counts`)

const itemFor = (sourceId: string, outcome: Outcome | null): SyncItem => itemOf('dataset', outcome?.action ?? 'skip', { sourceId, ...outcome })

function failure({ signal, index }: RunContext, record: SourceRecord, error: unknown): SyncItem {
  if (signal.aborted) throw error
  const sourceId = sourceIdOf(record)
  const entry = sourceId === null ? undefined : index.findStored(sourceId)
  const ckanId = entry === undefined ? null : index.ckanIdOf(entry)
  return failedItem('dataset', ckanId === null ? 'create' : 'update', { sourceId, ckanId, name: nameIn(record), fault: faultOf(error) })
}

import { isDeletion, sourceIdOf } from '../data.ts'
import { faultOf, SyncFault } from '../fault.ts'
import { FLAG } from '../index/record-table.ts'
import { workThrough } from '../pool.ts'
import { failedItem, itemOf, type SyncItem } from '../report.ts'
import type { RunContext } from '../run-context.ts'
import { nextRecord, type SourceRecord } from '../source.ts'
import { buildDataset, transformRecord } from './prepare.ts'
import { type Outcome, type Prepared, writeDataset } from './write-dataset.ts'

/** What the records of a source say beside what they hold. */
export interface Tally {
  records: number
  /** Records without a readable source id: each may be any of those that seem to have vanished. */
  unidentified: number
}

/** A dataset that waits until a name is free. */
export interface Waiting {
  number: number
  prepared: Prepared
}

/** Datasets that may wait for a name at a time; further ones get another name at once. */
const MAX_WAITING = 1000

interface Walk {
  readonly tally: Tally
  readonly waiting: Waiting[]
  /** Whether names may become free later in this run. */
  readonly mayWait: boolean
}

/** Marks what a source in memory has, without reading any dataset. */
export function markPresent({ index }: RunContext, list: readonly SourceRecord[]): Tally {
  const tally: Tally = { records: list.length, unidentified: 0 }
  for (const record of list) {
    const sourceId = sourceIdOf(record)
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
export async function syncDatasets(run: RunContext, mayWait: boolean): Promise<{ tally: Tally; waiting: Waiting[] }> {
  const walk: Walk = { tally: { records: 0, unidentified: 0 }, waiting: [], mayWait }
  const source = run.data.datasets
  run.reporter.begin('datasets', source.list?.length ?? null)
  const next = async () => {
    const record = await nextRecord(source, run.signal)
    return record && { record, number: walk.tally.records++ }
  }
  await workThrough(run.settings.concurrency, next, async ({ record, number }) => {
    const step = syncRecord(run, walk, { record, number })
    const item = await step.catch((error: unknown) => failure(run, sourceIdOf(record), error))
    if (item === 'waits') return
    if (item === 'later') run.reporter.advance(1)
    else await run.add(item)
    await run.checkpoints.finish(number, item === 'later' || item.status === 'ok')
  })
  return walk
}

/** Tries again to create the datasets that waited for a name. */
export async function syncWaiting(run: RunContext, waiting: readonly Waiting[]): Promise<void> {
  const left = waiting.values()
  await workThrough(
    run.settings.concurrency,
    () => left.next().value ?? null,
    async ({ number, prepared }) => {
      const written = writeDataset(run, prepared, false).then((outcome) => itemFor(prepared.sourceId, outcome))
      const item = await written.catch((error: unknown) => failure(run, prepared.sourceId, error))
      await run.add(item)
      await run.checkpoints.finish(number, item.status === 'ok')
    },
  )
}

/** What became of a record: an item, or nothing to report before the run's deletions are done. */
async function syncRecord(
  run: RunContext,
  walk: Walk,
  { record, number }: { record: SourceRecord; number: number },
): Promise<SyncItem | 'later' | 'waits'> {
  if (isDeletion(record)) return noteDeletion(run, walk, record)
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
  walk.waiting.push({ number, prepared })
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

function failure({ signal, index }: RunContext, sourceId: string | null, error: unknown): SyncItem {
  if (signal.aborted) throw error
  const entry = sourceId === null ? undefined : index.findStored(sourceId)
  const ckanId = entry === undefined ? null : index.ckanIdOf(entry)
  return failedItem('dataset', ckanId === null ? 'create' : 'update', { sourceId, ckanId, fault: faultOf(error) })
}

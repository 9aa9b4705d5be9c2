import { faultOf } from '../fault.ts'
import { Halt } from '../halt.ts'
import { readHarvested } from '../index/catalogue-index.ts'
import { FLAG } from '../index/record-table.ts'
import { workThrough } from '../pool.ts'
import { failedItem, itemOf, type SyncItem } from '../report.ts'
import type { RunContext } from '../run-context.ts'
import type { Tally } from './dataset-step.ts'

/** Deletes what the source no longer has, and what it says was deleted.
 * @throws Halt EMPTY_SOURCE or TOO_MANY_DELETES before anything is deleted.
 */
export async function deleteVanished(run: RunContext, tally: Tally): Promise<void> {
  const { settings, index } = run
  if (!settings.deleteMissing) return
  const missing = !run.incremental && tally.unidentified === 0
  const count = countDoomed(run, missing)
  if (!run.incremental && tally.records === 0 && index.storedCount > 0 && !settings.allowEmptySource) {
    throw new Halt('EMPTY_SOURCE', `the source has no record, the catalogue ${index.storedCount} from it; allowEmptySource deletes them`)
  }
  if (count > settings.maxDeleteFraction * index.storedCount) {
    throw new Halt(
      'TOO_MANY_DELETES',
      `${count} of ${index.storedCount} datasets would be deleted; maxDeleteFraction allows ${settings.maxDeleteFraction}`,
    )
  }
  if (count === 0) return
  run.reporter.begin('delete', count)
  const doomed = index.doomed({ missing })
  const work = async (entry: number) => {
    const item = await deleteOne(run, entry).catch((error: unknown) => {
      if (run.signal.aborted) throw error
      return failedItem('dataset', 'delete', { ckanId: index.ckanIdOf(entry), fault: faultOf(error) })
    })
    await run.add(item)
  }
  await workThrough({ workers: settings.concurrency, next: () => doomed.next().value ?? null, work, signal: run.signal })
}

function countDoomed({ index }: RunContext, missing: boolean): number {
  let count = 0
  for (const _ of index.doomed({ missing })) count++
  return count
}

/** Reads the dataset once more: what was changed meanwhile, or was only missed in the source, stays. */
async function deleteOne(run: RunContext, entry: number): Promise<SyncItem> {
  const ckanId = run.index.ckanIdOf(entry)
  const record = ckanId === null ? null : await run.catalogue.findDataset(ckanId)
  const found = record && readHarvested(record, run.sourceName)
  if (!found || found.record['state'] === 'deleted') return itemOf('dataset', 'skip', { ckanId })
  const { sourceId } = found
  const name = typeof found.record['name'] === 'string' ? found.record['name'] : null
  const about = { sourceId, ckanId, name }
  if (await isStillThere(run, entry, sourceId)) return itemOf('dataset', 'skip', about)
  if (!run.settings.dryRun) await run.catalogue.removeDataset(found, run.settings.deleteMode)
  return itemOf('dataset', 'delete', about)
}

/** Whether a source that can be asked has the record although its stream did not give it. A second dataset for a record is never wanted. */
async function isStillThere({ index, data, signal }: RunContext, entry: number, sourceId: string): Promise<boolean> {
  const { facts } = data.datasets
  const isDouble = index.findStored(sourceId) !== entry
  return facts !== null && !isDouble && !index.is(entry, FLAG.deleted) && (await facts.has(sourceId, signal))
}

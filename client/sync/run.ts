import { linkSignals } from '../abort.ts'
import { CkanSyncError } from '../errors.ts'
import type { CkanLowLevelClient } from '../low-level/low-level.ts'
import { Catalogue } from './catalogue.ts'
import { textOf } from './fault.ts'
import { Halt } from './halt.ts'
import { CatalogueIndex, readHarvested } from './index/catalogue-index.ts'
import type { SyncSettings } from './options.ts'
import { References } from './references.ts'
import { type ItemSink, Reporter, type SyncItem, type SyncReport } from './report.ts'
import type { RunContext } from './run-context.ts'
import { findWrongName, type OpenData } from './source/data.ts'
import { Checkpoints, parseState, type SyncState, stateKey } from './state.ts'
import { markPresent, syncDatasets, syncWaiting } from './steps/dataset-step.ts'
import { deleteVanished } from './steps/delete-step.ts'
import { syncGroups } from './steps/group-step.ts'

/** How one run goes. */
export interface RunOptions {
  /** Whether to go on where a run ended early. Needs a `stateStore`, and a source that keeps its order. Default false. */
  resume?: boolean
  /** Whether the source gives only what has changed: then only what it says was deleted is deleted. Default false. */
  incremental?: boolean
  /** Whether the report has all items. Default false. */
  collectItems?: boolean
}

/** All that one run needs. */
export interface RunOrder {
  client: CkanLowLevelClient
  settings: SyncSettings
  sourceName: string
  data: OpenData
  options: Required<RunOptions>
  sink: ItemSink
  /** Ends the run from outside, beside the signals of client and settings. */
  signal: AbortSignal
}

/** Makes the catalogue's part of one source equal to it.
 * @throws CkanSyncError when it ends early. All its requests have ended then, and the source is closed.
 */
export async function runSync(order: RunOrder): Promise<SyncReport> {
  const { settings, client, data } = order
  const { controller, unlink } = linkSignals([client.signal, settings.signal, order.signal])
  const last = await readState(order).catch((error: unknown) => new Halt('STATE_FAILED', `the saved state cannot be used: ${textOf(error)}`, error))
  const run = makeContext(order, controller, last instanceof Halt ? null : last)
  try {
    if (last instanceof Halt) throw last
    await carryOut(run)
    await (run.reporter.failed === 0 ? run.checkpoints.complete() : run.checkpoints.save())
    run.reporter.begin('done', null)
    run.signal.throwIfAborted()
    return run.reporter.finish(true)
  } catch (error) {
    const { code, message, cause } = await saveAfter(run, error)
    throw new CkanSyncError(message, { code, report: run.reporter.finish(false), cause })
  } finally {
    unlink()
    await Promise.all([data.organizations, data.groups, data.datasets].map((source) => source.close()))
  }
}

/** The steps, in the order of their number. */
async function carryOut(run: RunContext): Promise<void> {
  const { data, settings } = run
  run.signal.throwIfAborted()
  for (const kind of ['organizations', 'groups'] as const) {
    const name = findWrongName(data[kind])
    if (name !== undefined) throw new Halt('INVALID_DATA', `${kind}: the record under ${JSON.stringify(name)} has another name`)
  }
  await syncGroups(run, 'organization')
  await syncGroups(run, 'group')
  await readCatalogue(run)
  const { list } = data.datasets
  // Where all ids are known beforehand, names become free before they are needed.
  if (list && (!settings.transform || list.every(({ key }) => key !== null))) {
    await deleteVanished(run, markPresent(run, list))
    await syncDatasets(run, false)
  } else {
    const { tally, waiting } = await syncDatasets(run, settings.deleteMissing)
    await deleteVanished(run, tally)
    await syncWaiting(run, waiting)
  }
}

async function readCatalogue({ catalogue, settings, sourceName, index, reporter, signal }: RunContext): Promise<void> {
  reporter.begin('index', null)
  try {
    for await (const record of catalogue.iterDatasets(settings.pageSize)) {
      const found = readHarvested(record, sourceName)
      if (found) index.addStored(found)
      reporter.advance(1)
    }
  } catch (error) {
    if (signal.aborted) throw error
    throw new Halt('CATALOGUE_FAILED', `the catalogue cannot be read: ${textOf(error)}`, error)
  }
}

async function readState({ settings, sourceName }: RunOrder): Promise<SyncState | null> {
  return parseState(await settings.stateStore?.get(stateKey(sourceName)))
}

function makeContext(order: RunOrder, controller: AbortController, last: SyncState | null): RunContext {
  const { settings, sourceName, data, options, sink } = order
  const { signal } = controller
  const resumed = options.resume && last?.complete === false ? last : null
  const runId = resumed?.runId ?? crypto.randomUUID()
  const { incremental, collectItems } = options
  const head = { source: sourceName, runId, dryRun: settings.dryRun, incremental, collectItems }
  const reporter = new Reporter(head, sink, (progress) => {
    try {
      settings.onProgress?.(progress)
    } catch (error) {
      controller.abort(new Halt('ABORTED', `onProgress failed: ${textOf(error)}`, error))
    }
  })
  const fresh = { version: 1 as const, runId, startedAt: reporter.startedAt, position: 0, lastCompleteStartedAt: last?.lastCompleteStartedAt ?? null }
  const state: SyncState = resumed ?? { ...fresh, complete: false }
  const checkpoints = new Checkpoints(settings.dryRun ? undefined : settings.stateStore, {
    key: stateKey(sourceName),
    every: settings.checkpointEvery,
    state,
  })
  const catalogue = new Catalogue(order.client.withSignal(signal))
  const add = async (item: SyncItem) => {
    await reporter.add(item)
    if (reporter.failed > limitOf(settings))
      throw new Halt('TOO_MANY_ERRORS', `${reporter.failed} items failed; the last: ${item.error?.message ?? ''}`)
  }
  const index = new CatalogueIndex(settings)
  return { sourceName, settings, incremental, data, catalogue, references: new References(catalogue), index, reporter, checkpoints, signal, add }
}

const limitOf = ({ onError, maxErrors }: SyncSettings) => (onError === 'stop' ? 0 : maxErrors)

/** Saves the position after an early end, and says what ended the run. A state that cannot be saved is the lesser fault. */
async function saveAfter({ checkpoints, signal }: RunContext, error: unknown): Promise<Halt> {
  const halt = haltOf(signal.aborted ? signal.reason : error, signal.aborted)
  if (halt.code !== 'STATE_FAILED') await checkpoints.save().catch(() => undefined)
  return halt
}

function haltOf(reason: unknown, isAbort: boolean): Halt {
  if (reason instanceof Halt) return reason
  if (isAbort) return new Halt('ABORTED', `the run was aborted: ${textOf(reason)}`, reason)
  throw reason
}

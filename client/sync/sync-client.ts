import { CkanLowLevelClient } from '../low-level/low-level.ts'
import { ItemChannel } from './item-channel.ts'
import { parseSyncOptions, type SyncOptions, type SyncSettings } from './options.ts'
import type { ItemSink, SyncItem, SyncReport } from './report.ts'
import { type RunOptions, type RunOrder, runSync } from './run.ts'
import { openData } from './source/data.ts'
import type { SyncData } from './source/source.ts'
import { parseSourceName } from './source/source-id.ts'

interface Wanted {
  sourceName: string
  data: SyncData
  options: RunOptions
  sink: ItemSink
  signal: AbortSignal
}

/** Keeps the datasets that come from a source equal to it: creates, updates and deletes what differs, and writes nothing else.
 *
 * Each dataset that it makes carries the extra `_harvest_source`; no other dataset is ever touched.
 */
export class CkanSyncClient {
  readonly lowLevel: CkanLowLevelClient
  readonly #settings: SyncSettings

  /** With a low-level client its own ClientOptions count, not those given here.
   * @throws TypeError for an option that is not known or of no use.
   */
  constructor(server: string | CkanLowLevelClient, options: SyncOptions = {}) {
    const { settings, clientOptions } = parseSyncOptions(options)
    this.lowLevel = server instanceof CkanLowLevelClient ? server : new CkanLowLevelClient(server, clientOptions)
    this.#settings = settings
  }

  /** Makes the catalogue equal to a source. Resolves also if some items failed: the report has them, and status `partial`.
   * @throws TypeError if name, data or options are of no use; CkanSyncError, with the report so far, if the run ended before its work was done.
   */
  async sync(sourceName: string, data: SyncData, options: RunOptions = {}): Promise<SyncReport> {
    return runSync(this.#order({ sourceName, data, options, sink: async () => undefined, signal: new AbortController().signal }))
  }

  /** The same run as an async generator of items. The run waits while the consumer is busy, and ends when the consumer leaves the loop. The report is the generator's return value. */
  iterSync(sourceName: string, data: SyncData, options: RunOptions = {}): AsyncGenerator<SyncItem, SyncReport, undefined> {
    const channel = new ItemChannel(2 * this.#settings.concurrency)
    const controller = new AbortController()
    const order = this.#order({ sourceName, data, options, sink: (item) => channel.put(item), signal: controller.signal })
    return iterRun(order, channel, controller)
  }

  #order({ sourceName, data, options, sink, signal }: Wanted): RunOrder {
    const checked = parseRunOptions(options)
    if (checked.resume && !this.#settings.stateStore) throw new TypeError('resume needs a stateStore, where the run before saved its position')
    const opened = openData(data, checked)
    return { client: this.lowLevel, settings: this.#settings, sourceName: parseSourceName(sourceName), data: opened, options: checked, sink, signal }
  }
}

async function* iterRun(order: RunOrder, channel: ItemChannel, controller: AbortController): AsyncGenerator<SyncItem, SyncReport, undefined> {
  const run = runSync(order).finally(() => channel.close())
  run.catch(() => undefined)
  try {
    for (let item = await channel.take(); item !== null; item = await channel.take()) yield item
  } finally {
    controller.abort(new Error('the consumer left the loop'))
    channel.close()
    await run.catch(() => undefined)
  }
  return run
}

function parseRunOptions(options: RunOptions): Required<RunOptions> {
  const parsed = { resume: false, incremental: false, collectItems: false }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(parsed, name)) throw new TypeError(`there is no option ${name}`)
    if (value !== undefined && typeof value !== 'boolean') throw new TypeError(`${name} must be true or false; got ${String(value)}`)
    Object.assign(parsed, { [name]: value ?? false })
  }
  return parsed
}

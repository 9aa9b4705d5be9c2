import type { Catalogue } from './catalogue.ts'
import type { CatalogueIndex } from './index/catalogue-index.ts'
import type { SyncSettings } from './options.ts'
import type { References } from './references.ts'
import type { Reporter, SyncItem } from './report.ts'
import type { OpenData } from './source/data.ts'
import type { Checkpoints } from './state.ts'

/** What the steps of one run share. */
export interface RunContext {
  readonly sourceName: string
  readonly settings: SyncSettings
  readonly incremental: boolean
  readonly data: OpenData
  readonly catalogue: Catalogue
  readonly references: References
  readonly index: CatalogueIndex
  readonly reporter: Reporter
  readonly checkpoints: Checkpoints
  /** Aborts when the run must end. */
  readonly signal: AbortSignal
  /** Reports an item.
   * @throws the reason to end the run, if this was one failure too many.
   */
  readonly add: (item: SyncItem) => Promise<void>
}

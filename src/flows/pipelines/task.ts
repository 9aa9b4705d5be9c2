/** The task and the result of a pipeline. Both are plain JSON, since they are sent to the child process and back. */

export type PipelineKind = 'report' | 'csv' | 'json' | 'zip' | 'preview' | 'copy' | 'package'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** A resource of a data package: `name`, `path`, `format`, `encoding`, `dialect`, `schema`, and whatever else the publisher wrote. */
export interface ResourceDescriptor extends JsonObject {
  readonly name: string
  readonly path: string
}

/** One processing step named by the flow spec, e.g. `{run: 'sort', parameters: {'sort-by': '{year}'}}`. */
export interface ProcessingStep {
  readonly run: string
  readonly parameters: JsonObject
}

/** One source of the flow, already fetched. */
export interface TaskSource {
  /** Its name among the package's resources, `R` of `R_csv`. */
  readonly name: string
  /** The publisher's resource; `path` is its place in the package, e.g. `archive/R.csv`. */
  readonly resource: ResourceDescriptor
  /** Absolute path of the fetched bytes. Only read, never changed. */
  readonly localPath: string
  /** The name of the file in error lines: the last part of its URL, e.g. `airports.csv`. */
  readonly file: string
  /** Whether it has a schema and is read as a table. */
  readonly isTabular: boolean
  /** Reader options of a processing entry: `headers`, `skip_rows`, `delimiter`, `quotechar`, … */
  readonly reader?: JsonObject
  /** Steps between casting and writing, in order; for `csv` and `json` only. */
  readonly steps?: readonly ProcessingStep[]
}

/** Who owns the flow's dataset, for the `datahub` object of the package. */
export interface PackageMeta {
  readonly ownerid: string
  readonly owner?: string
  readonly findability: 'published' | 'unlisted' | 'private'
  /** ISO 8601 times of the dataset's first upload and of this one. */
  readonly created: string
  readonly modified: string
}

/**
 * One pipeline, ready to run. It uses only files, no database and no network.
 *
 * | kind | `sources` | `results` |
 * | --- | --- | --- |
 * | report | every tabular source | – |
 * | csv, json | its one tabular source | – |
 * | copy | its one source, tabular or not | – |
 * | preview | – | its CSV's result |
 * | zip | every source as it was published (the originals) | report, all CSV, all JSON |
 * | package | – | all other pipelines of the flow, in planning order |
 */
export interface PipelineTask {
  readonly kind: PipelineKind
  readonly flowId: string
  readonly datasetId: string
  /** Name of the artifact and of its resource: `R_csv`, `R_json`, `R_csv_preview`, `validation_report`, `id_zip`, `R`, for the package the dataset's name. */
  readonly artifact: string
  /** An empty folder (absolute path); the files of the result are directly in it. */
  readonly outDir: string
  /** The publisher's data package without `resources`; a `readme` in it goes into the zip as README.md. */
  readonly descriptor: JsonObject
  readonly meta: PackageMeta
  readonly sources: readonly TaskSource[]
  /** Results of the pipelines that this one needs; their `localPath`s may have changed since. */
  readonly results: readonly PipelineResult[]
  /** Kind `package`: put before the resources' paths (`BASE/data/…`), without a slash at its end. Relative paths without it. */
  readonly baseUrl?: string
}

/** A file on disk with its size and hashes. */
export interface WrittenFile {
  /** Absolute. */
  readonly localPath: string
  /** Bytes. */
  readonly size: number
  /** 32 hex digits. */
  readonly md5: string
  /** 64 hex digits. */
  readonly sha256: string
}

/** One output file of a pipeline, with its resource in the pipeline's package. */
export interface PipelineFile extends WrittenFile {
  readonly name: string
  /** Place in the package and in the zip: `data/R_csv.csv`, `archive/R.csv`. */
  readonly path: string
  /** The same with the file's md5 as a folder, `data/MD5/R_csv.csv`: it always has the same bytes, in every revision. `resource.path` is this. */
  readonly hashedPath: string
  /** Rows of a table; 0 for other files. */
  readonly rows: number
  /** Has `bytes`, `hash` (md5), `rowcount` for tables, `format`, and `datahub: {type, derivedFrom}`. */
  readonly resource: ResourceDescriptor
}

/** The keys that clients use. */
export interface PipelineStats {
  /** Rows of the output tables; for a package the rows of all CSV files; else 0. */
  readonly count_of_rows: number
  /** Sizes of all files together, the `datapackage.json` among them. */
  readonly bytes: number
  /** md5 of the package descriptor, 32 hex digits. */
  readonly hash: string
  readonly dataset_name: string
}

export interface PipelineResult {
  readonly kind: PipelineKind
  readonly artifact: string
  /** Empty for a preview of a table that is small enough to be shown as a whole, and for the package. */
  readonly files: readonly PipelineFile[]
  readonly views: readonly JsonObject[]
  /** The pipeline's own `datapackage.json`; of kind `package`: that of the whole flow. */
  readonly package: WrittenFile & { readonly descriptor: JsonObject }
  readonly stats: PipelineStats
}

/** How a pipeline reports while it runs. */
export interface PipelineHooks {
  /** Rows so far; called at least every 20,000 rows. */
  readonly progress: (rows: number, message?: string) => void
  /** One line for the flow's log. */
  readonly log: (line: string) => void
  /** When aborted, the run rejects with the signal's reason; the folder may contain some files. */
  readonly signal?: AbortSignal
}

/** A fault of the data or the task, not of the program. `lines` go to the pipeline's `error_log`, at most 1,001 of them. */
export class PipelineFailure extends Error {
  override readonly name = 'PipelineFailure'
  readonly lines: readonly string[]

  constructor(lines: readonly string[], options?: ErrorOptions) {
    super(lines[0] ?? 'the pipeline failed', options)
    this.lines = lines
  }
}

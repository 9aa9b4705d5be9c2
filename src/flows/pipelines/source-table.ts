import { surveyDates } from '../../tabular/cast/survey-dates.ts'
import type { Column, Value } from '../../tabular/column.ts'
import { parseReading } from '../../tabular/dialect.ts'
import { FaultList, UnreadableTable } from '../../tabular/faults.ts'
import type { Header } from '../../tabular/header.ts'
import { openTable } from '../../tabular/read-table.ts'
import { parseSchema, type TableSchema } from '../../tabular/schema.ts'
import { matchColumns, RowCaster } from '../../tabular/table.ts'
import { PipelineFailure, type PipelineHooks, type TaskSource } from './task.ts'

/** Minimum rows between two progress reports. */
const progressRows = 20_000

/** An open source whose rows are cast by its schema. */
export interface SourceTable {
  readonly header: Header
  readonly columns: readonly Column[]
  readonly schema: TableSchema | undefined
  readonly format: string
  readonly encoding: string
  /** Cast rows, some thousand at a time, to be read once. Cells that do not cast are null here and are recorded as faults. */
  readonly batches: AsyncIterable<Value[][]>
}

export interface PassOptions {
  readonly faults: FaultList
  readonly hooks: PipelineHooks
}

/**
 * Opens the source, passes it to `use`, and closes it. Throws `PipelineFailure` when the file does not have its declared format.
 */
export async function withSourceTable<Result>(
  source: TaskSource,
  options: PassOptions,
  use: (table: SourceTable) => Promise<Result>,
): Promise<Result> {
  try {
    const described = source.resource['schema'] ?? undefined
    const published = described === undefined ? undefined : parseSchema(described)
    const reading = parseReading(source.resource, source.reader)
    const file = { localPath: source.localPath, reading, fieldNames: published?.fields.map((field) => field.name) ?? [] }
    const { faults, hooks } = options
    // The next pass reports the faults of the rows.
    const unread = () => openTable(file, new FaultList(source.name, source.file))
    const schema = published && (await surveyDates(published, unread, hooks.signal))
    const opened = await openTable(file, faults)
    try {
      const { header, encoding } = opened
      const columns = matchColumns(header, schema, faults)
      const batches = castAll(opened.batches, new RowCaster(columns, header, faults), hooks)
      return await use({ header, columns, schema, format: reading.format, encoding, batches })
    } finally {
      await opened.close()
    }
  } catch (error) {
    throw error instanceof UnreadableTable ? new PipelineFailure([`${source.name}: ${source.file}: ${error.message}`], { cause: error }) : error
  }
}

async function* castAll(
  batches: AsyncIterable<Parameters<RowCaster['cast']>[0]>,
  caster: RowCaster,
  hooks: PipelineHooks,
): AsyncGenerator<Value[][]> {
  let rows = 0
  let reported = 0
  for await (const batch of batches) {
    hooks.signal?.throwIfAborted()
    yield caster.cast(batch)
    rows += batch.rows.length
    if (rows - reported < progressRows) continue
    hooks.progress(rows)
    reported = rows
  }
  hooks.progress(rows)
}

import { extname } from 'node:path'
import { type Column, compileColumn, type Value } from '../table/column.ts'
import { FaultList, UnreadableTable } from '../table/faults.ts'
import { openTable, type TableFile } from '../table/read-table.ts'
import { isObject, parseSchema, type TableSchema } from '../table/schema.ts'
import { surveyDates } from '../table/survey-dates.ts'
import { type Header, matchColumns, RowCaster } from '../table/table.ts'
import { PipelineFailure, type PipelineHooks, type TaskSource } from './task.ts'

/** So many rows are read at least between two progress reports. */
const progressRows = 20_000

/** A source opened as a table whose rows are cast by its schema. */
export interface SourceTable {
  readonly header: Header
  readonly columns: readonly Column[]
  readonly schema: TableSchema | undefined
  readonly format: string
  readonly encoding: string
  /** Cast rows, some thousand at a time; to be gone through once. Cells that do not cast are null here and stand in the faults. */
  readonly batches: AsyncIterable<Value[][]>
}

export interface PassOptions {
  readonly faults: FaultList
  readonly hooks: PipelineHooks
  /** Cells beyond the header are faults too. */
  readonly reportsExtraCells?: boolean
}

/**
 * Opens the source, lets `use` go through it, and closes it. Throws `PipelineFailure` when the file cannot be read as what it is said to be.
 */
export async function withSourceTable<Result>(
  source: TaskSource,
  options: PassOptions,
  use: (table: SourceTable) => Promise<Result>,
): Promise<Result> {
  try {
    const published = source.resource['schema'] === undefined ? undefined : parseSchema(source.resource['schema'])
    const format = formatOf(source)
    const { encoding, dialect } = source.resource
    const file: TableFile = {
      localPath: source.localPath,
      format,
      encoding: typeof encoding === 'string' ? encoding : undefined,
      dialect,
      options: source.reader,
      fieldNames: published?.fields.map((field) => field.name) ?? [],
    }
    // What is wrong with the rows is found by the pass that follows.
    const unread = () => openTable(file, { faults: new FaultList(source.name, source.file) })
    const schema = published && (await surveyDates(published, unread, options.hooks.signal))
    const opened = await openTable(file, options)
    try {
      const { header } = opened
      const columns = schema ? matchColumns(header, schema, options.faults) : header.names.map(textColumn)
      const caster = new RowCaster(columns, options.faults)
      const batches = castAll(opened.batches, caster, options.hooks)
      return await use({ header, columns, schema, format, encoding: opened.encoding, batches })
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

function textColumn(name: string): Column {
  return compileColumn({ name, type: 'string', format: 'default', constraints: {}, source: { name, type: 'string' } }, [''])
}

/** The reader's format, else the resource's, else the ending of its path. */
function formatOf(source: TaskSource): string {
  const given = isObject(source.reader) ? source.reader['format'] : undefined
  const format = given ?? source.resource['format'] ?? extname(source.resource.path).slice(1)
  return typeof format === 'string' && format !== '' ? format : 'csv'
}

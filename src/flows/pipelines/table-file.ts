import { join } from 'node:path'
import type { Column } from '../../tabular/column.ts'
import { FaultList } from '../../tabular/faults.ts'
import type { TableSchema } from '../../tabular/schema.ts'
import { csvWriter, type RowWriter, writtenDialect } from './csv-writer.ts'
import { jsonWriter } from './json-writer.ts'
import { writeFile } from './output-file.ts'
import { describeFile, type Products } from './package.ts'
import { type SourceTable, withSourceTable } from './source-table.ts'
import { applySteps } from './steps/steps.ts'
import { type JsonObject, PipelineFailure, type PipelineHooks, type PipelineTask, type TaskSource } from './task.ts'

interface Form {
  readonly extension: string
  readonly writer: (columns: readonly Column[]) => RowWriter
  readonly about: JsonObject
}

export const tableForms = {
  csv: { extension: 'csv', writer: csvWriter, about: { format: 'csv', mediatype: 'text/csv', encoding: 'utf-8', dialect: writtenDialect } },
  json: { extension: 'json', writer: jsonWriter, about: { format: 'json', mediatype: 'application/json', encoding: 'utf-8' } },
} satisfies Record<string, Form>

/** Reads the task's one source, casts every row and writes it. Throws `PipelineFailure` with a line for each value that does not cast. */
export async function makeTableFile(task: PipelineTask, hooks: PipelineHooks, kind: keyof typeof tableForms): Promise<Products> {
  const source = onlySource(task)
  const form: Form = tableForms[kind]
  const faults = new FaultList(source.name, source.file)
  const fileName = `${task.artifact}.${form.extension}`
  return withSourceTable(source, { faults, hooks }, async (read) => {
    const table = processed(source, read, faults)
    let rows = 0
    const written = await writeFile(join(task.outDir, fileName), async (file) => {
      const writer = form.writer(table.columns)
      await file.write(writer.head)
      for await (const batch of table.batches) {
        rows += batch.length
        // After the first fault no file is made; the rest is read to report all faults at once.
        if (faults.count === 0) await file.write(writer.rows(batch))
      }
      await file.write(writer.tail)
      if (faults.count > 0) throw new PipelineFailure(faults.lines())
    })
    hooks.log(`${rows} rows, ${written.size} bytes in ${fileName}`)
    const about = {
      ...aboutSource(source),
      ...form.about,
      schema: writtenSchema(table),
      datahub: { type: `derived/${kind}`, derivedFrom: [source.name] },
    }
    const file = describeFile(written, { name: task.artifact, folder: 'data', fileName, rows, about })
    return { files: [file], rows, bytes: file.size }
  })
}

/** The table after the source's steps. */
function processed(source: TaskSource, table: SourceTable, faults: FaultList): SourceTable {
  const { columns, batches, schema } = table
  const primaryKey = schema?.primaryKey ?? []
  return { ...table, ...applySteps(source.steps ?? [], { resource: source.name, columns, batches, primaryKey, faults }) }
}

export function onlySource(task: PipelineTask): TaskSource {
  const [source] = task.sources
  if (!source) throw new Error(`the pipeline ${task.artifact} of kind ${task.kind} has no source`)
  return source
}

/** The publisher's descriptions of the content are valid for the other formats as well. */
function aboutSource(source: TaskSource): JsonObject {
  const kept = ['title', 'description', 'licenses', 'sources'].flatMap((key) => {
    const value = source.resource[key]
    return value === undefined ? [] : [[key, value] as const]
  })
  return Object.fromEntries(kept)
}

/** The schema of the canonical values: columns in the order of the file, with the formats that are written. */
export function writtenSchema({ columns, schema }: Pick<SourceTable, 'columns' | 'schema'>): JsonObject {
  const fields = columns.map((column) => jsonOf(column.field.source))
  const isWhole = schema?.primaryKey.every((name) => columns.some((column) => column.name === name))
  const primaryKey: JsonObject = schema && isWhole && schema.primaryKey.length > 0 ? { primaryKey: schema.primaryKey } : {}
  return { fields, missingValues: [''], ...primaryKey }
}

/** Schemas come from JSON, so nothing is lost. */
const jsonOf = (value: TableSchema['fields'][number]['source']): JsonObject => JSON.parse(JSON.stringify(value))

import { join } from 'node:path'
import { describeFault, type Fault, FaultList } from '../../tabular/faults.ts'
import { writeFile } from './output-file.ts'
import { describeFile, type Products } from './package.ts'
import { type SourceTable, withSourceTable } from './source-table.ts'
import type { JsonObject, PipelineHooks, PipelineTask, TaskSource } from './task.ts'

const fileName = 'validation_report.json'

/** Checks every tabular source by its schema. Faults of the data are reported and do not fail the pipeline; an unreadable source does. */
export async function makeReport(task: PipelineTask, hooks: PipelineHooks): Promise<Products> {
  const reports: JsonObject[] = []
  let rowsBefore = 0
  for (const source of task.sources.filter((one) => one.isTabular)) {
    const progress: PipelineHooks['progress'] = (rows, message) => hooks.progress(rowsBefore + rows, message)
    const { report, rows } = await reportOn(source, { ...hooks, progress })
    reports.push(report)
    rowsBefore += rows
  }
  const written = await writeFile(join(task.outDir, fileName), (file) => file.write(JSON.stringify(reports, null, 2)))
  const about = {
    title: 'Validation report',
    format: 'json',
    mediatype: 'application/json',
    encoding: 'utf-8',
    datahub: { type: 'derived/report', derivedFrom: task.sources.filter((one) => one.isTabular).map((one) => one.name) },
  }
  const file = describeFile(written, { name: task.artifact, folder: 'data', fileName, about })
  return { files: [file], rows: 0, bytes: file.size }
}

async function reportOn(source: TaskSource, hooks: PipelineHooks): Promise<{ report: JsonObject; rows: number }> {
  const faults = new FaultList(source.name, source.file)
  return withSourceTable(source, { faults, hooks }, async (table) => {
    let rows = 0
    for await (const batch of table.batches) rows += batch.length
    for (const warning of faults.warnings) hooks.log(`${source.name}: ${warning}`)
    hooks.log(`${source.name}: ${rows} rows, ${faults.count === 0 ? 'no faults' : `${faults.count} faults`}`)
    return { report: writeReport(source, table, { faults, rows }), rows }
  })
}

function writeReport(source: TaskSource, table: SourceTable, { faults, rows }: { faults: FaultList; rows: number }): JsonObject {
  const valid = faults.count === 0
  const cut = `${source.file} has ${faults.count} faults in all; the first ${faults.kept.length} are listed`
  const warnings = faults.count > faults.kept.length ? [...faults.warnings, cut] : faults.warnings
  return {
    resource: source.name,
    valid,
    'error-count': faults.count,
    'table-count': 1,
    preset: 'table',
    warnings,
    tables: [
      {
        source: source.file,
        valid,
        'error-count': faults.count,
        'row-count': rows,
        headers: table.header.names,
        format: table.format,
        encoding: table.encoding,
        schema: table.schema ? 'table-schema' : null,
        errors: faults.kept.map(writeFault),
      },
    ],
  }
}

function writeFault(fault: Fault): JsonObject {
  const place: JsonObject = fault.columnNumber === undefined ? {} : { 'column-number': fault.columnNumber }
  const column: JsonObject = fault.column === undefined ? {} : { column: fault.column }
  const value: JsonObject = fault.value === undefined ? {} : { value: fault.value }
  return { code: fault.code, 'row-number': fault.row, ...place, message: describeFault(fault), 'message-data': { ...column, ...value } }
}

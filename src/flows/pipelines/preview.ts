import { join } from 'node:path'
import type { Value } from '../../tabular/column.ts'
import { FaultList } from '../../tabular/faults.ts'
import { writeFile } from './output-file.ts'
import { describeFile, type Products } from './package.ts'
import { type SourceTable, withSourceTable } from './source-table.ts'
import { tableForms, writtenSchema } from './table-file.ts'
import type { Json, JsonObject, PipelineFile, PipelineHooks, PipelineTask, TaskSource } from './task.ts'

/** Maximum rows of a preview. Tables with no more rows need no preview. */
const previewRows = 2000

/** The first rows of the task's CSV as JSON, with a view of them; no file if the CSV is short. */
export async function makePreview(task: PipelineTask, hooks: PipelineHooks): Promise<Products> {
  const csv = task.results.flatMap((result) => result.files).find((file) => file.rows > previewRows)
  if (!csv) return { files: [], rows: 0, bytes: 0 }
  const source = csvSource(csv)
  const fileName = `${task.artifact}.json`
  const viewName = `datahub-preview-${task.artifact}`
  return withSourceTable(source, { faults: new FaultList(csv.name, source.file), hooks }, async (table) => {
    const written = await writeFile(join(task.outDir, fileName), async (file) => {
      const writer = tableForms.json.writer(table.columns)
      await file.write(writer.head + writer.rows(await firstRows(table)) + writer.tail)
    })
    const sources = derivedFrom(csv)
    const about = {
      ...tableForms.json.about,
      schema: writtenSchema(table),
      datahub: { type: 'derived/preview', derivedFrom: sources, forView: [viewName] },
    }
    const file = describeFile(written, { name: task.artifact, folder: 'data', fileName, rows: previewRows, about })
    const view: JsonObject = {
      name: viewName,
      specType: 'table',
      resources: sources,
      datahub: { type: 'preview' },
      transform: { limit: previewRows },
    }
    return { files: [file], views: [view], rows: previewRows, bytes: file.size }
  })
}

function csvSource(csv: PipelineFile): TaskSource {
  return { name: csv.name, resource: { ...csv.resource, path: csv.path }, localPath: csv.localPath, file: `${csv.name}.csv`, isTabular: true }
}

async function firstRows(table: SourceTable): Promise<Value[][]> {
  const rows: Value[][] = []
  for await (const batch of table.batches) {
    rows.push(...batch.slice(0, previewRows - rows.length))
    if (rows.length >= previewRows) break
  }
  return rows
}

function derivedFrom(csv: PipelineFile): Json[] {
  const datahub = csv.resource['datahub']
  const names = typeof datahub === 'object' && datahub !== null && 'derivedFrom' in datahub ? datahub['derivedFrom'] : undefined
  return Array.isArray(names) ? names : [csv.name]
}

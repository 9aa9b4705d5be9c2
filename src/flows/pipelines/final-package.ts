import type { Products } from './package.ts'
import type { PipelineTask, ResourceDescriptor } from './task.ts'

/** Collects the results of all pipelines of the flow into the dataset's package. Bytes are the sum over all files, rows the sum over CSV files only. */
export function collectPackage(task: PipelineTask): Products {
  const files = task.results.flatMap((result) => result.files)
  const resources: ResourceDescriptor[] = files.map((file) => ({
    ...file.resource,
    path: task.baseUrl === undefined ? file.hashedPath : `${task.baseUrl}/${file.hashedPath}`,
  }))
  const rows = task.results.filter((result) => result.kind === 'csv').reduce((sum, result) => sum + result.stats.count_of_rows, 0)
  return { files: [], views: task.results.flatMap((result) => result.views), resources, rows, bytes: files.reduce((sum, file) => sum + file.size, 0) }
}

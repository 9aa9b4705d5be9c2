// What job modules import as `millrace/jobs`.
// biome-ignore lint/performance/noBarrelFile: the face of the package for job modules
export {
  type Catalog,
  CatalogError,
  type Checked,
  defineJob,
  type InputSchema,
  type JobContext,
  type JobDefinition,
  JobError,
  type JobOptions,
  type LogLine,
  type Raw,
  type RawBody,
  raw,
} from './define.ts'
export { type TestedJob, testJob } from './test-job.ts'

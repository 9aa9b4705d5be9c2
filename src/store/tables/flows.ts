/** How many datasets an owner has; its row is locked while one is added. */
interface FlowOwnerTable {
  owner_id: string
  datasets: number
}

interface FlowDatasetTable {
  /** `owner/name`. */
  id: string
  owner_id: string
  name: string
  last_revision: number
  created_at: number
  /** Of the last upload. */
  uploaded_at: number
  /** When the schedule makes the next upload. */
  due_at: number | null
  is_certified: number
}

interface FlowTable {
  /** `owner/name/revision`. */
  id: string
  dataset_id: string
  revision: number
  /** A state of jobs: queued, running, done or failed. */
  state: string
  findability: string
  /** Whether the schedule has made it. */
  is_scheduled: number
  /** JSON: the spec as uploaded. */
  spec: string
  /** JSON: what the tasks of all pipelines have in common. */
  plan: string
  /** JSON lists of texts. */
  errors: string
  logs: string
  /** JSON. */
  stats: string | null
  created_at: number
  finished_at: number | null
}

interface FlowPipelineTable {
  id: string
  flow_id: string
  position: number
  kind: string
  artifact: string
  title: string
  /** JSON lists of names and of ids. */
  sources: string
  depends_on: string
  /** A state of jobs. */
  state: string
  /** JSON; null until an event came. */
  stats: string | null
  errors: string
  job_id: string | null
  /** JSON: the result of the pipeline; stored before its success is known. */
  result: string | null
}

/** A source as it was fetched, once for each revision. The key is a digest since addresses may be long. */
interface FlowSourceTable {
  flow_id: string
  url_digest: string
  digest: string
  size: number
}

/** A file of a revision, at its plain path and at the one that holds its hash. */
interface FlowFileTable {
  flow_id: string
  path: string
  hashed_path: string
  pipeline_id: string
  digest: string
  md5: string
  size: number
  format: string | null
}

/** Flows that may run at once, one row each. */
interface FlowSlotTable {
  no: number
  flow_id: string | null
}

export interface FlowTables {
  flow_owner: FlowOwnerTable
  flow_dataset: FlowDatasetTable
  flow: FlowTable
  flow_pipeline: FlowPipelineTable
  flow_source: FlowSourceTable
  flow_file: FlowFileTable
  flow_slot: FlowSlotTable
}

/** One version of a job type. System types (functions, pipelines, callbacks) are rows too: the hub writes them at its start. */
interface JobTypeTable {
  id: string
  /** The integer that `/v6` shows as `id`: from 1, never reused. */
  no: number
  name: string
  version: string
  /** Text whose order by code point is the order of versions (`job-types/version.ts`). */
  version_key: string
  title: string
  description: string
  icon_code: string | null
  docker_image: string
  /** Folded forms of the columns above, cut short: what `order` sorts by and `keyword` looks in. */
  name_key: string
  title_key: string
  description_key: string
  icon_key: string
  image_key: string
  /** What is run: `function`, `pipeline` or `container` (Seed types). */
  kind: string
  /** `sync` or `async`: whether a submitter waits for the result. */
  mode: string
  is_system: number
  is_published: number
  is_active: number
  is_paused: number
  deprecated_at: number | null
  paused_at: number | null
  /** Smaller runs first. For Seed types a copy of the configuration's. */
  priority: number
  /** Jobs of this version that may run at the same time; null and 0: no limit. */
  max_scheduled: number | null
  /** Attempts for each job, at most. */
  max_tries: number
  /** Names of resources that no node offers, joined by commas; set by the scheduler of the nodes. */
  unmet_resources: string | null
  /** Number of the newest revision of this version. */
  revision_num: number
  /** JSON of the manifest in force; `{}` for system types. */
  manifest: string
  /** JSON without secret settings. */
  configuration: string
  created_at: number
  updated_at: number
}

/** History: a row for each manifest that a version has had. */
interface JobTypeRevisionTable {
  id: string
  no: number
  type_id: string
  revision_num: number
  docker_image: string
  manifest: string
  created_at: number
}

/** The folded tags of the manifest in force. */
interface JobTypeTagTable {
  type_id: string
  tag_key: string
}

/** Names of settings that are or were secret, each with its sealed value where one was given. A row stays for good. */
interface JobTypeSecretTable {
  type_id: string
  name: string
  sealed: string | null
}

export interface JobTypeTables {
  job_type: JobTypeTable
  job_type_revision: JobTypeRevisionTable
  job_type_tag: JobTypeTagTable
  job_type_secret: JobTypeSecretTable
}

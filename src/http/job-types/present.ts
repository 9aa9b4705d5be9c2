import type { JobType, JobTypeDetails, JobTypeRevision, JobTypeRevisionDetails } from '../../job-types/job-type.ts'
import type { JobTypeName } from '../../job-types/list.ts'
import type { Verdict } from '../../job-types/manifest/check.ts'

/** ISO 8601 with `Z`, and a fraction only when there is one. */
export const presentTime = (at: number) => new Date(at).toISOString().replace('.000Z', 'Z')
const presentTimeOrNull = (at: number | null) => (at === null ? null : presentTime(at))

/** The short form of a job type inside other objects. */
export const presentShort = (type: JobType) => ({
  id: type.no,
  name: type.name,
  version: type.version,
  title: type.title,
  description: type.description,
  is_active: type.isActive,
  is_paused: type.isPaused,
  is_published: type.isPublished,
  is_system: type.isSystem,
  icon_code: type.iconCode,
  unmet_resources: type.unmetResources,
})

/** One entry of the lists of versions. */
export const presentJobType = (type: JobType) => ({
  ...presentShort(type),
  max_scheduled: type.maxScheduled,
  max_tries: type.maxTries,
  revision_num: type.revisionNum,
  docker_image: type.dockerImage,
  created: presentTime(type.createdAt),
  deprecated: presentTimeOrNull(type.deprecatedAt),
  paused: presentTimeOrNull(type.pausedAt),
  last_modified: presentTime(type.updatedAt),
})

/** The full form of one version. No plan of flows uses registered types yet, so `recipe_types` is empty. */
export const presentDetails = (type: JobTypeDetails) => ({
  ...presentJobType(type),
  manifest: type.manifest,
  configuration: type.configuration,
  recipe_types: [],
})

export const presentName = ({ latest, versions }: JobTypeName) => ({
  name: latest.name,
  title: latest.title,
  description: latest.description,
  icon_code: latest.iconCode,
  is_published: latest.isPublished,
  is_active: latest.isActive,
  is_paused: latest.isPaused,
  is_system: latest.isSystem,
  unmet_resources: latest.unmetResources,
  versions,
  latest_version: latest.version,
})

/** Shows the current job type, not its state at that revision. */
export const presentRevision = (jobType: JobType, revision: JobTypeRevision) => ({
  id: revision.no,
  job_type: presentShort(jobType),
  revision_num: revision.revisionNum,
  docker_image: revision.dockerImage,
  created: presentTime(revision.createdAt),
})

export const presentRevisionDetails = (jobType: JobType, revision: JobTypeRevisionDetails) => ({
  ...presentRevision(jobType, revision),
  manifest: revision.manifest,
})

/** The answer to a validation, and to an edit. */
export const presentVerdict = ({ faults, warnings }: Verdict) => ({ is_valid: faults.length === 0, errors: faults, warnings })

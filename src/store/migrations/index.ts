import type { Migration } from '../migrate.ts'
import { start } from './0001-start.ts'
import { auth } from './0002-auth.ts'
import { catalogue } from './0004-catalogue.ts'
import { jobs } from './0005-jobs.ts'
import { jobTypes } from './0006-job-types.ts'
import { flows } from './0007-flows.ts'
import { schedules } from './0008-schedules.ts'
import { namedFiles } from './0009-named-files.ts'
import { queueApart } from './0010-queue-apart.ts'
import { leanDatasets } from './0011-lean-datasets.ts'
import { searchForms } from './0012-search-forms.ts'
import { logins } from './0013-logins.ts'
import { fairQueue } from './0014-fair-queue.ts'
import { jobRevisions } from './0015-job-revisions.ts'
import { flowStates } from './0016-flow-states.ts'

/** Every step of the schema, in order. */
export const migrations: readonly Migration[] = [
  start,
  auth,
  catalogue,
  jobs,
  jobTypes,
  flows,
  schedules,
  namedFiles,
  queueApart,
  leanDatasets,
  searchForms,
  logins,
  fairQueue,
  jobRevisions,
  flowStates,
]

import type { Migration } from '../migrate.ts'

/** The revision of a job type that a job was submitted under: all its attempts run the same one. */
export const jobRevisions: Migration = {
  name: '0015-job-revisions',
  statements: ({ types: t }) => [`alter table job add column revision_num ${t.integer}`],
}

import type { Migration } from '../migrate.ts'

/** A type that not every process knows: its jobs wait apart, where claims of the others do not pass over them. */
export const queueApart: Migration = {
  name: '0010-queue-apart',
  statements: ({ types: t }) => [`alter table job_queue add column apart ${t.integer} not null default 0`],
}

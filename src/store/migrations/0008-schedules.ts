import type { Migration } from '../migrate.ts'

export const schedules: Migration = {
  name: '0008-schedules',
  statements: ({ types: t, tableOptions }) => [
    `create table job_schedule (
      type ${t.text} primary key,
      rule ${t.text} not null,
      next_at ${t.integer} not null
    ) ${tableOptions}`,
    `create table job_schedule_run (
      type ${t.text} not null,
      planned_at ${t.integer} not null,
      primary key (type, planned_at)
    ) ${tableOptions}`,
  ],
}

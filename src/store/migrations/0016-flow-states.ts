import type { Migration } from '../migrate.ts'

/** Pipelines and flows have the states of jobs, under the same name. */
export const flowStates: Migration = {
  name: '0016-flow-states',
  statements: () => [
    'drop index flow_open',
    ...['flow', 'flow_pipeline'].flatMap((table) => [
      `alter table ${table} rename column status to state`,
      `update ${table} set state = case state when 'pending' then 'queued' else 'done' end where state in ('pending', 'success')`,
    ]),
    "create index flow_open on flow (created_at, id) where state in ('queued', 'running')",
  ],
}

import type { Migration } from '../migrate.ts'

export const flows: Migration = {
  name: '0007-flows',
  statements: ({ types: t, tableOptions }) => [
    `create table flow_owner (
      owner_id ${t.text} primary key,
      datasets ${t.integer} not null
    ) ${tableOptions}`,
    `create table flow_dataset (
      id ${t.text} primary key,
      owner_id ${t.text} not null references flow_owner (owner_id),
      name ${t.text} not null,
      last_revision ${t.integer} not null,
      created_at ${t.integer} not null,
      uploaded_at ${t.integer} not null,
      due_at ${t.integer},
      is_certified ${t.integer} not null
    ) ${tableOptions}`,
    'create index flow_dataset_owner on flow_dataset (owner_id)',
    'create index flow_dataset_due on flow_dataset (due_at) where due_at is not null',
    `create table flow (
      id ${t.text} primary key,
      dataset_id ${t.text} not null references flow_dataset (id),
      revision ${t.integer} not null,
      status ${t.text} not null,
      findability ${t.text} not null,
      is_scheduled ${t.integer} not null,
      spec ${t.text} not null,
      plan ${t.text} not null,
      errors ${t.text} not null,
      logs ${t.text} not null,
      stats ${t.text},
      created_at ${t.integer} not null,
      finished_at ${t.integer}
    ) ${tableOptions}`,
    'create unique index flow_revision on flow (dataset_id, revision)',
    "create index flow_open on flow (created_at, id) where status in ('pending', 'running')",
    `create table flow_pipeline (
      id ${t.text} primary key,
      flow_id ${t.text} not null references flow (id),
      position ${t.integer} not null,
      kind ${t.text} not null,
      artifact ${t.text} not null,
      title ${t.text} not null,
      sources ${t.text} not null,
      depends_on ${t.text} not null,
      status ${t.text} not null,
      stats ${t.text},
      errors ${t.text} not null,
      job_id ${t.text},
      result ${t.text}
    ) ${tableOptions}`,
    'create unique index flow_pipeline_position on flow_pipeline (flow_id, position)',
    `create table flow_source (
      flow_id ${t.text} not null references flow (id),
      url_digest ${t.text} not null,
      digest ${t.text} not null,
      size ${t.integer} not null,
      primary key (flow_id, url_digest)
    ) ${tableOptions}`,
    `create table flow_file (
      flow_id ${t.text} not null references flow (id),
      path ${t.text} not null,
      hashed_path ${t.text} not null,
      pipeline_id ${t.text} not null references flow_pipeline (id),
      digest ${t.text} not null,
      md5 ${t.text} not null,
      size ${t.integer} not null,
      format ${t.text},
      primary key (flow_id, path)
    ) ${tableOptions}`,
    'create index flow_file_hashed on flow_file (flow_id, hashed_path)',
    `create table flow_slot (
      no ${t.integer} primary key,
      flow_id ${t.text} references flow (id)
    ) ${tableOptions}`,
    'insert into flow_slot (no, flow_id) values (1, null), (2, null), (3, null)',
  ],
}

import type { Migration } from '../migrate.ts'

/** Fewer pages for each change of a dataset: links and extras without a second copy of their keys, indexes without what nobody looks for. */
export const leanDatasets: Migration = {
  name: '0011-lean-datasets',
  statements: (dialect) => [
    'drop index dataset_by_source',
    'create unique index dataset_by_source on dataset (source_id) where source_id is not null',
    'drop index dataset_by_organization',
    'create index dataset_by_organization on dataset (owner_org_no) where owner_org_no is not null',
    ...(dialect.name === 'sqlite' ? tablesByKey : extrasByKey),
  ],
}

/** An extra is found by its dataset and key; nobody looks for its id. */
const extrasByKey = [
  'alter table dataset_extra drop constraint dataset_extra_pkey',
  'drop index dataset_extra_by_key',
  'alter table dataset_extra add primary key (dataset_no, key)',
]

/** The same on SQLite, where the rows themselves can stand in the order of the key. */
const tablesByKey = [
  `create table lean_extra (
    id text not null,
    dataset_no integer not null references dataset (no),
    key text not null,
    value text not null,
    value_folded text not null,
    state text not null,
    revision_id text not null,
    revision_at integer not null,
    primary key (dataset_no, key)
  ) strict, without rowid`,
  `insert into lean_extra (id, dataset_no, key, value, value_folded, state, revision_id, revision_at)
    select id, dataset_no, key, value, value_folded, state, revision_id, revision_at from dataset_extra order by dataset_no, key`,
  'drop table dataset_extra',
  'alter table lean_extra rename to dataset_extra',
  'create index dataset_extra_key on dataset_extra (key)',
  `create table lean_tag (
    dataset_no integer not null references dataset (no),
    tag_no integer not null references tag (no),
    state text not null,
    revision_id text not null,
    revision_at integer not null,
    primary key (dataset_no, tag_no)
  ) strict, without rowid`,
  `insert into lean_tag (dataset_no, tag_no, state, revision_id, revision_at)
    select dataset_no, tag_no, state, revision_id, revision_at from dataset_tag order by dataset_no, tag_no`,
  'drop table dataset_tag',
  'alter table lean_tag rename to dataset_tag',
  'create index dataset_tag_by_tag on dataset_tag (tag_no)',
]

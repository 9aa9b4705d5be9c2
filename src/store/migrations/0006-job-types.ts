import type { Migration } from '../migrate.ts'

export const jobTypes: Migration = {
  name: '0006-job-types',
  statements: ({ types: t, tableOptions }) => [
    `create table job_type (
      id ${t.text} primary key,
      no ${t.integer} not null,
      name ${t.text} not null,
      version ${t.text} not null,
      version_key ${t.text} not null,
      title ${t.text} not null,
      description ${t.text} not null,
      icon_code ${t.text},
      docker_image ${t.text} not null,
      name_key ${t.text} not null,
      title_key ${t.text} not null,
      description_key ${t.text} not null,
      icon_key ${t.text} not null,
      image_key ${t.text} not null,
      kind ${t.text} not null,
      mode ${t.text} not null,
      is_system ${t.integer} not null,
      is_published ${t.integer} not null,
      is_active ${t.integer} not null,
      is_paused ${t.integer} not null,
      deprecated_at ${t.integer},
      paused_at ${t.integer},
      priority ${t.integer} not null,
      max_scheduled ${t.integer},
      max_tries ${t.integer} not null,
      unmet_resources ${t.text},
      revision_num ${t.integer} not null,
      manifest ${t.text} not null,
      configuration ${t.text} not null,
      created_at ${t.integer} not null,
      updated_at ${t.integer} not null
    ) ${tableOptions}`,
    'create unique index job_type_no on job_type (no)',
    'create unique index job_type_version on job_type (name, version)',
    'create index job_type_latest on job_type (name, version_key, no)',
    `create table job_type_revision (
      id ${t.text} primary key,
      no ${t.integer} not null,
      type_id ${t.text} not null references job_type (id),
      revision_num ${t.integer} not null,
      docker_image ${t.text} not null,
      manifest ${t.text} not null,
      created_at ${t.integer} not null
    ) ${tableOptions}`,
    'create unique index job_type_revision_no on job_type_revision (no)',
    'create unique index job_type_revision_num on job_type_revision (type_id, revision_num)',
    `create table job_type_tag (
      type_id ${t.text} not null references job_type (id),
      tag_key ${t.text} not null,
      primary key (type_id, tag_key)
    ) ${tableOptions}`,
    `create table job_type_secret (
      type_id ${t.text} not null references job_type (id),
      name ${t.text} not null,
      sealed ${t.text},
      primary key (type_id, name)
    ) ${tableOptions}`,
  ],
}

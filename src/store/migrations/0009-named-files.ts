import type { Migration } from '../migrate.ts'

/** What `named-file-store.ts` asks: whether any row names a file. */
export const namedFiles: Migration = {
  name: '0009-named-files',
  statements: () => [
    'create index job_data_file on job (data_file) where data_file is not null',
    'create index job_result_file on job (result_file) where result_file is not null',
    'create index resource_digest on resource (digest) where digest is not null',
    'create index flow_source_digest on flow_source (digest)',
    'create index flow_file_digest on flow_file (digest)',
  ],
}

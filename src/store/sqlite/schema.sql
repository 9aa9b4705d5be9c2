-- The schema after all migrations, as SQLite stores it. Made by `npm run generate`.

CREATE TABLE catalogue_group (
  no integer primary key autoincrement,
  id text not null,
  name text not null,
  title text not null,
  title_folded text not null,
  description text not null,
  image_url text not null,
  is_organization integer not null,
  type text not null,
  approval_status text not null,
  creator_id text,
  created_at integer not null,
  state text not null, revision_id text not null, revision_at integer not null
) strict;

CREATE UNIQUE INDEX catalogue_group_by_id on catalogue_group (id);

CREATE UNIQUE INDEX catalogue_group_by_name on catalogue_group (name);

CREATE TABLE change (
  no integer primary key,
  kind text not null,
  entity_id text not null,
  what text not null,
  at integer not null
) strict;

CREATE TABLE counter (
  name text primary key,
  value integer not null
) strict;

CREATE TABLE dataset (
  no integer primary key autoincrement,
  id text not null,
  name text not null,
  title text not null,
  version text,
  url text,
  author text,
  author_email text,
  maintainer text,
  maintainer_email text,
  notes text,
  license_id text,
  type text not null,
  private integer not null,
  unlisted integer not null,
  listed integer not null,
  owner_org_no integer references catalogue_group (no),
  creator_id text,
  source_id text,
  resource_group_id text not null,
  title_folded text not null,
  created_at integer not null,
  modified_at integer not null,
  state text not null, revision_id text not null, revision_at integer not null,
  in_groups integer not null,
  document text not null
) strict;

CREATE INDEX dataset_by_creator on dataset (creator_id);

CREATE UNIQUE INDEX dataset_by_id on dataset (id);

CREATE INDEX dataset_by_modification on dataset (modified_at, no);

CREATE UNIQUE INDEX dataset_by_name on dataset (name);

CREATE INDEX dataset_by_organization on dataset (owner_org_no) where owner_org_no is not null;

CREATE INDEX dataset_by_revision on dataset (listed, revision_at, no);

CREATE UNIQUE INDEX dataset_by_source on dataset (source_id) where source_id is not null;

CREATE INDEX dataset_by_title on dataset (title_folded, name);

CREATE INDEX dataset_listed on dataset (listed, name);

CREATE TABLE "dataset_extra" (
  id text not null,
  dataset_no integer not null references dataset (no),
  key text not null,
  value text not null,
  value_folded text not null,
  state text not null,
  revision_id text not null,
  revision_at integer not null,
  primary key (dataset_no, key)
) strict, without rowid;

CREATE INDEX dataset_extra_key on dataset_extra (key);

CREATE TABLE dataset_folded (
  dataset_no integer primary key references dataset (no),
  title text not null,
  version text,
  url text,
  author text,
  author_email text,
  maintainer text,
  maintainer_email text,
  notes text,
  license_id text
) strict;

CREATE VIRTUAL TABLE dataset_search using fts5(heading, body, content='', contentless_delete=1, tokenize='ascii');

CREATE TABLE "dataset_tag" (
  dataset_no integer not null references dataset (no),
  tag_no integer not null references tag (no),
  state text not null,
  revision_id text not null,
  revision_at integer not null,
  primary key (dataset_no, tag_no)
) strict, without rowid;

CREATE INDEX dataset_tag_by_tag on dataset_tag (tag_no);

CREATE TABLE flow (
  id text primary key,
  dataset_id text not null references flow_dataset (id),
  revision integer not null,
  state text not null,
  findability text not null,
  is_scheduled integer not null,
  spec text not null,
  plan text not null,
  errors text not null,
  logs text not null,
  stats text,
  created_at integer not null,
  finished_at integer
) strict;

CREATE INDEX flow_open on flow (created_at, id) where state in ('queued', 'running');

CREATE UNIQUE INDEX flow_revision on flow (dataset_id, revision);

CREATE TABLE flow_dataset (
  id text primary key,
  owner_id text not null references flow_owner (owner_id),
  name text not null,
  last_revision integer not null,
  created_at integer not null,
  uploaded_at integer not null,
  due_at integer,
  is_certified integer not null
) strict;

CREATE INDEX flow_dataset_due on flow_dataset (due_at) where due_at is not null;

CREATE INDEX flow_dataset_owner on flow_dataset (owner_id);

CREATE TABLE flow_file (
  flow_id text not null references flow (id),
  path text not null,
  hashed_path text not null,
  pipeline_id text not null references flow_pipeline (id),
  digest text not null,
  md5 text not null,
  size integer not null,
  format text,
  primary key (flow_id, path)
) strict;

CREATE INDEX flow_file_digest on flow_file (digest);

CREATE INDEX flow_file_hashed on flow_file (flow_id, hashed_path);

CREATE TABLE flow_owner (
  owner_id text primary key,
  datasets integer not null
) strict;

CREATE TABLE flow_pipeline (
  id text primary key,
  flow_id text not null references flow (id),
  position integer not null,
  kind text not null,
  artifact text not null,
  title text not null,
  sources text not null,
  depends_on text not null,
  state text not null,
  stats text,
  errors text not null,
  job_id text,
  result text
) strict;

CREATE UNIQUE INDEX flow_pipeline_position on flow_pipeline (flow_id, position);

CREATE TABLE flow_slot (
  no integer primary key,
  flow_id text references flow (id)
) strict;

CREATE TABLE flow_source (
  flow_id text not null references flow (id),
  url_digest text not null,
  digest text not null,
  size integer not null,
  primary key (flow_id, url_digest)
) strict;

CREATE INDEX flow_source_digest on flow_source (digest);

CREATE TABLE group_extra (
  id text primary key,
  group_no integer not null references catalogue_group (no),
  key text not null,
  value text not null,
  state text not null, revision_id text not null, revision_at integer not null
) strict;

CREATE UNIQUE INDEX group_extra_by_key on group_extra (group_no, key);

CREATE TABLE group_role (
  group_no integer not null references catalogue_group (no),
  user_id text not null,
  role text not null,
  primary key (group_no, user_id)
) strict;

CREATE INDEX group_role_by_user on group_role (user_id);

CREATE TABLE job (
  seq integer primary key autoincrement,
  id text not null unique,
  type text not null,
  kind text not null,
  pool text not null,
  state text not null check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
  lane text not null check (lane in ('free', 'limited', 'held', 'delayed')),
  priority integer not null,
  run_at integer not null,
  created_at integer not null,
  started_at integer,
  finished_at integer,
  attempts integer not null,
  max_attempts integer not null,
  lost_leases integer not null,
  timeout_ms integer not null,
  claim text,
  owner text,
  lease_until integer,
  deadline_at integer,
  cancel_requested integer not null,
  dedupe_key text,
  subject text,
  user_id text,
  log_lines integer not null,
  progress text,
  key_sealed text,
  api_key_sealed text,
  result_url text,
  metadata text,
  error text,
  data_file text,
  result_file text,
  result_type text,
  data text,
  result text
  , caller text not null default '', revision_num integer) strict;

CREATE INDEX job_data_file on job (data_file) where data_file is not null;

CREATE UNIQUE INDEX job_dedupe on job (type, dedupe_key) where dedupe_key is not null and state in ('queued', 'running');

CREATE INDEX job_delayed on job (run_at, seq) where state = 'queued' and lane = 'delayed';

CREATE INDEX job_failed on job (seq) where state in ('failed', 'cancelled');

CREATE INDEX job_held on job (type, seq) where state = 'queued' and lane = 'held';

CREATE INDEX job_limited on job (type, caller, priority, run_at, seq) where state = 'queued' and lane = 'limited';

CREATE INDEX job_ready on job (pool, caller, priority, run_at, seq) where state = 'queued' and lane = 'free';

CREATE INDEX job_result_file on job (result_file) where result_file is not null;

CREATE INDEX job_running on job (type, owner) where state = 'running';

CREATE INDEX job_subject on job (subject, seq) where subject is not null;

CREATE INDEX job_user on job (user_id, seq) where user_id is not null;

CREATE TABLE job_callback (
  job_seq integer primary key references job (seq) on delete cascade,
  webhook_id text not null unique,
  state text not null check (state in ('waiting', 'delivered', 'failed')),
  tries integer not null,
  run_at integer not null,
  claim text,
  last_error text
) strict;

CREATE INDEX job_callback_again on job_callback (run_at, job_seq) where state = 'waiting' and tries > 0;

CREATE INDEX job_callback_first on job_callback (run_at, job_seq) where state = 'waiting' and tries = 0;

CREATE TABLE job_idempotency (
  scope text not null,
  key text not null,
  request_digest text not null,
  job_id text not null,
  created_at integer not null,
  primary key (scope, key)
) strict;

CREATE INDEX job_idempotency_age on job_idempotency (created_at);

CREATE TABLE job_log (
  job_seq integer not null references job (seq) on delete cascade,
  no integer not null,
  at integer not null,
  level text not null,
  message text not null,
  func text,
  line integer,
  primary key (job_seq, no)
) strict;

CREATE TABLE job_metadata (
  job_seq integer not null references job (seq) on delete cascade,
  key text not null,
  value_digest text not null,
  primary key (job_seq, key)
) strict;

CREATE INDEX job_metadata_value on job_metadata (key, value_digest, job_seq);

CREATE TABLE job_queue (
  type text primary key,
  max_running integer,
  paused integer not null,
  resumed_at integer
  , apart integer not null default 0) strict;

CREATE TABLE job_schedule (
  type text primary key,
  rule text not null,
  next_at integer not null
) strict;

CREATE TABLE job_schedule_run (
  type text not null,
  planned_at integer not null,
  primary key (type, planned_at)
) strict;

CREATE TABLE job_type (
  id text primary key,
  no integer not null,
  name text not null,
  version text not null,
  version_key text not null,
  title text not null,
  description text not null,
  icon_code text,
  docker_image text not null,
  name_key text not null,
  title_key text not null,
  description_key text not null,
  icon_key text not null,
  image_key text not null,
  kind text not null,
  mode text not null,
  is_system integer not null,
  is_published integer not null,
  is_active integer not null,
  is_paused integer not null,
  deprecated_at integer,
  paused_at integer,
  priority integer not null,
  max_scheduled integer,
  max_tries integer not null,
  unmet_resources text,
  revision_num integer not null,
  manifest text not null,
  configuration text not null,
  created_at integer not null,
  updated_at integer not null
) strict;

CREATE INDEX job_type_latest on job_type (name, version_key, no);

CREATE UNIQUE INDEX job_type_no on job_type (no);

CREATE UNIQUE INDEX job_type_version on job_type (name, version);

CREATE TABLE job_type_revision (
  id text primary key,
  no integer not null,
  type_id text not null references job_type (id),
  revision_num integer not null,
  docker_image text not null,
  manifest text not null,
  created_at integer not null
) strict;

CREATE UNIQUE INDEX job_type_revision_no on job_type_revision (no);

CREATE UNIQUE INDEX job_type_revision_num on job_type_revision (type_id, revision_num);

CREATE TABLE job_type_secret (
  type_id text not null references job_type (id),
  name text not null,
  sealed text,
  primary key (type_id, name)
) strict;

CREATE TABLE job_type_tag (
  type_id text not null references job_type (id),
  tag_key text not null,
  primary key (type_id, tag_key)
) strict;

CREATE TABLE login_address (
  user_id text not null references user_account (id),
  address_digest text not null,
  last_at integer not null,
  primary key (user_id, address_digest)
) strict;

CREATE TABLE membership (
  group_no integer not null references catalogue_group (no),
  dataset_no integer not null references dataset (no),
  capacity text not null,
  state text not null, revision_id text not null, revision_at integer not null,
  primary key (group_no, dataset_no)
) strict;

CREATE INDEX membership_by_dataset on membership (dataset_no);

CREATE TABLE migration (name text primary key, at integer not null) strict;

CREATE TABLE rating (
  dataset_no integer not null references dataset (no),
  user_id text not null,
  rating integer not null,
  at integer not null,
  primary key (dataset_no, user_id)
) strict;

CREATE TABLE relationship (
  id text primary key,
  subject_no integer not null references dataset (no),
  object_no integer not null references dataset (no),
  type text not null,
  comment text not null,
  state text not null, revision_id text not null, revision_at integer not null
) strict;

CREATE UNIQUE INDEX relationship_by_ends on relationship (subject_no, object_no, type);

CREATE INDEX relationship_by_object on relationship (object_no);

CREATE TABLE resource (
  id text primary key,
  dataset_no integer not null references dataset (no),
  position integer not null,
  url text not null,
  url_is_own integer not null,
  url_type text,
  name text,
  description text not null,
  format text not null,
  format_folded text not null,
  hash text,
  mimetype text,
  size integer,
  rest text not null,
  digest text,
  file_name text,
  created_at integer not null,
  modified_at integer not null,
  state text not null, revision_id text not null, revision_at integer not null
  , format_name text not null default '', name_folded text, description_folded text not null default '') strict;

CREATE INDEX resource_by_dataset on resource (dataset_no, position);

CREATE INDEX resource_by_format on resource (format_folded);

CREATE INDEX resource_digest on resource (digest) where digest is not null;

CREATE TABLE revision (
  no integer primary key autoincrement,
  id text not null,
  at integer not null,
  author text not null,
  message text not null,
  state text not null,
  approved_at integer
) strict;

CREATE INDEX revision_by_author on revision (author, no);

CREATE UNIQUE INDEX revision_by_id on revision (id);

CREATE TABLE session (
  digest text primary key,
  user_id text not null references user_account (id),
  created_at integer not null,
  expires_at integer not null
) strict;

CREATE INDEX session_by_user on session (user_id);

CREATE INDEX session_expiry on session (expires_at);

CREATE TABLE setting (
  name text primary key,
  value text not null
) strict;

CREATE TABLE sqlite_sequence(name,seq);

CREATE TABLE tag (
  no integer primary key autoincrement,
  id text not null,
  name text not null,
  name_folded text not null
) strict;

CREATE UNIQUE INDEX tag_by_id on tag (id);

CREATE UNIQUE INDEX tag_by_name on tag (name);

CREATE TABLE token (
  id text primary key,
  digest text not null,
  user_id text not null references user_account (id),
  name text not null,
  created_at integer not null,
  last_access_at integer
) strict;

CREATE UNIQUE INDEX token_digest on token (digest);

CREATE INDEX token_user on token (user_id);

CREATE TABLE user_account (
  id text primary key,
  no integer not null,
  name text not null,
  fullname text,
  email text,
  openid text,
  about text,
  password_hash text,
  key_digest text not null,
  key_sealed text not null,
  reset_digest text,
  reset_expires_at integer,
  sysadmin integer not null,
  state text not null,
  created_at integer not null
) strict;

CREATE UNIQUE INDEX user_account_key on user_account (key_digest);

CREATE UNIQUE INDEX user_account_name on user_account (name);

CREATE UNIQUE INDEX user_account_no on user_account (no);

CREATE TABLE version (
  kind text not null,
  entity_no integer not null,
  revision_no integer not null references revision (no),
  listed integer not null,
  state text not null,
  content text not null,
  primary key (kind, entity_no, revision_no)
) strict;

CREATE INDEX version_by_revision on version (revision_no);

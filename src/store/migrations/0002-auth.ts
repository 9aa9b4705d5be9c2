import type { Migration } from '../migrate.ts'

export const auth: Migration = {
  name: '0002-auth',
  statements: ({ types: t, tableOptions }) => [
    `create table user_account (
      id ${t.text} primary key,
      no ${t.integer} not null,
      name ${t.text} not null,
      fullname ${t.text},
      email ${t.text},
      openid ${t.text},
      about ${t.text},
      password_hash ${t.text},
      key_digest ${t.text} not null,
      key_sealed ${t.text} not null,
      reset_digest ${t.text},
      reset_expires_at ${t.integer},
      sysadmin ${t.integer} not null,
      state ${t.text} not null,
      created_at ${t.integer} not null
    ) ${tableOptions}`,
    'create unique index user_account_no on user_account (no)',
    'create unique index user_account_name on user_account (name)',
    'create unique index user_account_key on user_account (key_digest)',
    `create table session (
      digest ${t.text} primary key,
      user_id ${t.text} not null references user_account (id),
      created_at ${t.integer} not null,
      expires_at ${t.integer} not null
    ) ${tableOptions}`,
    'create index session_expiry on session (expires_at)',
    `create table token (
      id ${t.text} primary key,
      digest ${t.text} not null,
      user_id ${t.text} not null references user_account (id),
      name ${t.text} not null,
      created_at ${t.integer} not null,
      last_access_at ${t.integer}
    ) ${tableOptions}`,
    'create unique index token_digest on token (digest)',
    'create index token_user on token (user_id)',
  ],
}

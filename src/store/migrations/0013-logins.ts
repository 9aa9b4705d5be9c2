import type { Migration } from '../migrate.ts'

/** From which addresses each user has logged in, and sessions that are found by their user. */
export const logins: Migration = {
  name: '0013-logins',
  statements: ({ types: t, tableOptions }) => [
    `create table login_address (
      user_id ${t.text} not null references user_account (id),
      address_digest ${t.text} not null,
      last_at ${t.integer} not null,
      primary key (user_id, address_digest)
    ) ${tableOptions}`,
    'create index session_by_user on session (user_id)',
  ],
}

import type { Migration } from '../migrate.ts'

export const start: Migration = {
  name: '0001-start',
  statements: ({ types: t, tableOptions }) => [
    `create table change (
      no ${t.integer} primary key,
      kind ${t.text} not null,
      entity_id ${t.text} not null,
      what ${t.text} not null,
      at ${t.integer} not null
    ) ${tableOptions}`,
    `create table counter (
      name ${t.text} primary key,
      value ${t.integer} not null
    ) ${tableOptions}`,
    `create table setting (
      name ${t.text} primary key,
      value ${t.text} not null
    ) ${tableOptions}`,
  ],
}

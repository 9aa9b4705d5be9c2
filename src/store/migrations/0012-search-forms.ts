import type { Migration } from '../migrate.ts'

/**
 * One name for each format, texts of resources as searches compare them, and a mark that the words of every dataset are to be read anew
 * (`search-rebuild.ts`). A new hub has none of these to read.
 */
export const searchForms: Migration = {
  name: '0012-search-forms',
  statements: ({ types: t }) => [
    `alter table resource add column format_name ${t.text} not null default ''`,
    `alter table resource add column name_folded ${t.text}`,
    `alter table resource add column description_folded ${t.text} not null default ''`,
    `insert into setting (name, value) select 'search_rebuild', '0'
      where exists (select 1 from dataset) or exists (select 1 from catalogue_group) or exists (select 1 from tag)`,
  ],
}

import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../store/dialect.ts'
import { badQuery, type Query } from './search-query.ts'
import { searchStoreOf } from './search-store.ts'
import { fold, tokenize } from './tokenizer.ts'

export type Condition = RawBuilder<unknown>

/** `lenient`: substrings of texts. `strict`: whole values, words for texts that people write. */
export type Strictness = 'lenient' | 'strict'

interface Scope {
  readonly dialect: Dialect
  readonly strictness: Strictness
  /** Stands in subqueries that may scan; see `Snapshots.guard`. */
  readonly guard?: Condition
}

const everything = sql`1 = 1`

/** A query as SQL over the table `dataset`. */
export function conditionOf(query: Query, scope: Scope): Condition {
  switch (query.kind) {
    case 'all':
      return everything
    case 'words':
      return wordsCondition(query.text, scope.dialect)
    case 'not':
      // A condition on an empty column is neither true nor false; its contrary is true.
      return sql`not coalesce(${conditionOf(query.query, scope)}, false)`
    case 'and':
    case 'or':
      return sql`(${sql.join(
        query.queries.map((one) => conditionOf(one, scope)),
        query.kind === 'and' ? sql` and ` : sql` or `,
      )})`
    case 'range':
      return rangeCondition(query)
    case 'field':
      return fieldCondition(query, scope)
  }
}

/** All words of the text, anywhere. A text without any word (`?`, `-`) asks for nothing. */
function wordsCondition(text: string, dialect: Dialect): Condition {
  const tokens = tokenize(text)
  return tokens.length === 0 ? everything : sql`dataset.no in ${searchStoreOf(dialect).having(tokens, 'anywhere')}`
}

type FieldQuery = Extract<Query, { kind: 'field' }>

/** Columns with one plain value each; they are equal or not. */
const plainColumns: Readonly<Record<string, string>> = {
  id: 'dataset.id',
  state: 'dataset.state',
  type: 'dataset.type',
  dataset_type: 'dataset.type',
  creator_user_id: 'dataset.creator_id',
  revision_id: 'dataset.revision_id',
}

/** Texts with a folded twin; true for those that people write, which a strict query matches by words. */
const foldedTexts: Readonly<Record<string, boolean>> = {
  title: true,
  notes: true,
  author: true,
  maintainer: true,
  version: false,
  url: false,
  author_email: false,
  maintainer_email: false,
  license_id: false,
}

function fieldCondition(query: FieldQuery, scope: Scope): Condition {
  const { field } = query
  const column = own(plainColumns, field)
  if (column) return plainCondition(sql.ref(column), query)
  if (field === 'name')
    return scope.strictness === 'strict' ? plainCondition(sql.ref('dataset.name'), query) : substrings(sql.ref('dataset.name'), query)
  const isProse = own(foldedTexts, field)
  if (isProse !== undefined) return foldedCondition(query, { ...scope, isWhole: scope.strictness === 'strict' && !isProse })
  const special = own(specialFields, field)
  return special ? special(query) : extraCondition(query, scope)
}

const own = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined => (Object.hasOwn(table, key) ? table[key] : undefined)

const plainCondition = (column: Condition, { value, isPrefix }: FieldQuery): Condition =>
  isPrefix ? sql`${column} like ${`${escapeLike(value)}%`} escape '\\'` : sql`${column} = ${value}`

const escapeLike = (text: string) => text.replace(/[\\%_]/g, '\\$&')

/** Each word of the value as a part of the text; both folded. */
function substrings(column: Condition, { value }: FieldQuery): Condition {
  const words = fold(value)
    .split(/\s+/)
    .filter((word) => word !== '')
    .slice(0, 50)
  if (words.length === 0) return everything
  return sql.join(
    words.map((word) => sql`${column} like ${`%${escapeLike(word)}%`} escape '\\'`),
    sql` and `,
  )
}

function foldedCondition(query: FieldQuery, { isWhole, guard = everything }: Scope & { isWhole: boolean }): Condition {
  const column = sql.ref(`folded.${query.field}`)
  const matches = isWhole ? plainCondition(column, { ...query, value: fold(query.value) }) : substrings(column, query)
  return sql`dataset.no in (select folded.dataset_no from dataset_folded as folded where ${guard} and ${matches})`
}

function extraCondition(query: FieldQuery, { strictness, guard = everything }: Scope): Condition {
  const key = query.field.startsWith('extras_') ? query.field.slice('extras_'.length) : query.field
  const matches = strictness === 'strict' ? plainCondition(sql.ref('extra.value'), query) : substrings(sql.ref('extra.value_folded'), query)
  return sql`dataset.no in (select extra.dataset_no from dataset_extra as extra
    where extra.key = ${key} and extra.state = 'active' and ${guard} and ${matches})`
}

function tagCondition(query: FieldQuery): Condition {
  return sql`dataset.no in (select link.dataset_no from dataset_tag as link join tag on tag.no = link.tag_no
    where link.state = 'active' and ${plainCondition(sql.ref('tag.name'), query)})`
}

function groupCondition(query: FieldQuery): Condition {
  return sql`dataset.no in (select link.dataset_no from membership as link join catalogue_group as groups on groups.no = link.group_no
    where link.state = 'active' and groups.state = 'active' and ${plainCondition(sql.ref('groups.name'), query)})`
}

const organizationCondition =
  (column: string) =>
  (query: FieldQuery): Condition =>
    sql`dataset.owner_org_no in (select owner.no from catalogue_group as owner where ${plainCondition(sql.ref(column), query)})`

function privateCondition({ value }: FieldQuery): Condition {
  const wanted = value === 'private' || value.toLowerCase() === 'true' ? 1 : 0
  return sql`dataset.private = ${wanted}`
}

const formatCondition = (query: FieldQuery): Condition =>
  sql`dataset.no in (select file.dataset_no from resource as file
    where file.state = 'active' and ${plainCondition(sql.ref('file.format_folded'), { ...query, value: fold(query.value) })})`

/** Fields that look into other tables. */
const specialFields: Readonly<Record<string, (query: FieldQuery) => Condition>> = {
  tags: tagCondition,
  tag: tagCondition,
  groups: groupCondition,
  organization: organizationCondition('owner.name'),
  owner_org: organizationCondition('owner.id'),
  res_format: formatCondition,
  private: privateCondition,
  capacity: privateCondition,
}

const timeColumns: Readonly<Record<string, string>> = { metadata_created: 'dataset.created_at', metadata_modified: 'dataset.modified_at' }
const textColumns: Readonly<Record<string, string>> = { name: 'dataset.name', id: 'dataset.id', title: 'dataset.title' }

function rangeCondition({ field, from, to }: Extract<Query, { kind: 'range' }>): Condition {
  const time = own(timeColumns, field)
  if (time) return between(sql.ref(time), from === '*' ? null : parseTime(from), to === '*' ? null : parseTime(to))
  const text = own(textColumns, field)
  const ends = [from === '*' ? null : from, to === '*' ? null : to] as const
  if (text) return between(sql.ref(text), ...ends)
  const key = field.startsWith('extras_') ? field.slice('extras_'.length) : field
  return sql`dataset.no in (select extra.dataset_no from dataset_extra as extra
    where extra.key = ${key} and extra.state = 'active' and ${between(sql.ref('extra.value'), ...ends)})`
}

function between(column: Condition, from: string | number | null, to: string | number | null): Condition {
  const least = from === null ? everything : sql`${column} >= ${from}`
  return to === null ? least : sql`${least} and ${column} <= ${to}`
}

/** Milliseconds of a date or time, with or without fractions and `Z`. */
function parseTime(text: string): number {
  const at = /^\d{4}-\d\d-\d\d(T[\d:.]+)?Z?$/.test(text)
    ? Date.parse(text.includes('T') ? `${text.replace(/Z$/, '')}Z` : text.replace(/Z$/, ''))
    : Number.NaN
  if (Number.isNaN(at)) throw badQuery(`wanted a date or *, got ${text}`)
  return at
}

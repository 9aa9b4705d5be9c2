import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../../../store/dialect.ts'
import { canonicalFormat } from '../../resource/format.ts'
import { extraKey } from '../field.ts'
import type { Bound, FieldQuery, FieldTest, Piece, Query } from '../query.ts'
import { termsOf } from '../term.ts'
import { fold, foldText } from '../tokenizer.ts'
import { checkTexts, escapeLike, likePattern } from './like-pattern.ts'
import { searchStoreOf } from './word-index.ts'

export type Condition = RawBuilder<unknown>

/** `lenient`: substrings of texts. `strict`: whole values, words for free texts. */
export type Strictness = 'lenient' | 'strict'

interface Scope {
  readonly dialect: Dialect
  readonly strictness: Strictness
  /** Part of subqueries that may scan; see `Snapshots.guard`. */
  readonly guard?: Condition
}

const everything = sql`1 = 1`
const nothing = sql`1 = 0`

/** A query as SQL over the table `dataset`. */
export function conditionOf(query: Query, scope: Scope): Condition {
  switch (query.kind) {
    case 'all':
      return everything
    case 'none':
      return nothing
    case 'words':
      return sql`dataset.no in ${searchStoreOf(scope.dialect).having(termsOf(query), 'anywhere')}`
    case 'not':
      // A condition on a null column is neither true nor false; its negation must be true.
      return sql`not coalesce(${conditionOf(query.query, scope)}, false)`
    case 'and':
    case 'or':
      return sql`(${sql.join(
        query.queries.map((one) => conditionOf(one, scope)),
        query.kind === 'and' ? sql` and ` : sql` or `,
      )})`
    case 'period':
      return periodCondition(query)
    case 'field':
      return fieldCondition(query, scope)
  }
}

const timeColumns: Readonly<Record<string, string>> = { metadata_created: 'dataset.created_at', metadata_modified: 'dataset.modified_at' }

function periodCondition({ field, from, before }: Extract<Query, { kind: 'period' }>): Condition {
  const column = sql.ref(own(timeColumns, field) ?? 'dataset.modified_at')
  return sql.join(
    [everything, ...(from === undefined ? [] : [sql`${column} >= ${from}`]), ...(before === undefined ? [] : [sql`${column} < ${before}`])],
    sql` and `,
  )
}

/** Columns with one plain value each; they are equal or not. */
const plainColumns: Readonly<Record<string, string>> = {
  id: 'dataset.id',
  state: 'dataset.state',
  type: 'dataset.type',
  dataset_type: 'dataset.type',
  creator_user_id: 'dataset.creator_id',
  revision_id: 'dataset.revision_id',
}

/** Texts with a folded column; true for free texts, which a strict query matches by their words as well. */
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

/** Texts of resources by their columns; the address is folded by the database, as far as its letters are ASCII. */
const resourceTexts: Readonly<Record<string, { readonly column: Condition; readonly isProse: boolean }>> = {
  res_name: { column: sql.ref('file.name_folded'), isProse: true },
  res_description: { column: sql.ref('file.description_folded'), isProse: true },
  res_url: { column: sql`lower(file.url)`, isProse: false },
}

function fieldCondition(query: FieldQuery, scope: Scope): Condition {
  const { field, test } = query
  const isStrict = scope.strictness === 'strict'
  const column = own(plainColumns, field)
  if (column) return exactly(sql.ref(column), test)
  if (field === 'name') return (isStrict ? exactly : inText)(sql.ref('dataset.name'), test)
  const isProse = own(foldedTexts, field)
  if (isProse !== undefined) return foldedCondition(query, { ...scope, isWhole: isStrict && !isProse })
  const inResource = own(resourceTexts, field)
  if (inResource) return resourceCondition(test, { ...inResource, ...scope })
  const linked = own(linkedFields, field)
  return linked ? linked(test) : extraCondition(query, scope)
}

const own = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined => (Object.hasOwn(table, key) ? table[key] : undefined)

const isThere = (column: Condition) => sql`(${column} is not null and ${column} <> '')`

/** The value as it is, with its capitals. */
function exactly(column: Condition, test: FieldTest): Condition {
  if (test.kind === 'value') return sql`${column} = ${test.value}`
  return test.kind === 'pattern'
    ? like(
        column,
        patternOf(test.pieces, (text) => text),
      )
    : common(column, test)
}

/** The folded value as a whole. */
function whole(column: Condition, test: FieldTest): Condition {
  if (test.kind === 'value') return sql`${column} = ${foldText(test.value)}`
  return test.kind === 'pattern' ? like(column, patternOf(test.pieces, foldText)) : common(column, test)
}

/** Each word of the value, or all of a phrase, as a part of the folded text. */
function inText(column: Condition, test: FieldTest): Condition {
  if (test.kind === 'pattern') return like(column, `%${patternOf(test.pieces, foldText)}%`)
  if (test.kind !== 'value') return common(column, test)
  const folded = foldText(test.value).trim()
  const words = (test.isPhrase ? [folded] : folded.split(' ')).filter((word) => word !== '')
  // An empty value adds no condition.
  if (words.length === 0) return nothing
  return sql.join(
    checkTexts(words).map((word) => like(column, `%${escapeLike(word)}%`)),
    sql` and `,
  )
}

function common(column: Condition, test: Exclude<FieldTest, { kind: 'value' | 'pattern' }>): Condition {
  return test.kind === 'exists' ? isThere(column) : sql`(${isThere(column)} and ${between(column, test, (text) => text)})`
}

/** Ends as text, by code point. */
function between(column: Condition, { from, to }: Extract<FieldTest, { kind: 'range' }>, value: (text: string) => string | number): Condition {
  const ends: Condition[] = []
  if (from) ends.push(from.isIncluded ? sql`${column} >= ${value(from.value)}` : sql`${column} > ${value(from.value)}`)
  if (to) ends.push(to.isIncluded ? sql`${column} <= ${value(to.value)}` : sql`${column} < ${value(to.value)}`)
  return ends.length === 0 ? everything : sql.join(ends, sql` and `)
}

const like = (column: Condition, pattern: string): Condition => sql`${column} like ${likePattern(pattern)} escape '\\'`

const patternOf = (pieces: readonly Piece[], shape: (text: string) => string) =>
  pieces.map((piece) => ('text' in piece ? escapeLike(shape(piece.text)) : piece.wildcard === '*' ? '%' : '_')).join('')

function foldedCondition({ field, test }: FieldQuery, { isWhole, guard = everything }: Scope & { isWhole: boolean }): Condition {
  const matches = (isWhole ? whole : inText)(sql.ref(`folded.${field}`), withFoldedEnds(test))
  return sql`dataset.no in (select folded.dataset_no from dataset_folded as folded where ${guard} and ${matches})`
}

/** A range with its ends in the form in which folded columns are compared. */
function withFoldedEnds<T extends FieldTest>(test: T): T {
  const bound = (one: Bound | undefined) => one && { ...one, value: foldText(one.value) }
  return test.kind === 'range' ? { ...test, from: bound(test.from), to: bound(test.to) } : test
}

function resourceCondition(
  test: FieldTest,
  { column, isProse, strictness, guard = everything }: Scope & { column: Condition; isProse: boolean },
): Condition {
  const matches = (strictness === 'strict' && !isProse ? whole : inText)(column, withFoldedEnds(test))
  return sql`dataset.no in (select file.dataset_no from resource as file where file.state = 'active' and ${guard} and ${matches})`
}

function extraCondition({ field, test }: FieldQuery, { strictness, guard = everything, dialect }: Scope): Condition {
  const [value, folded] = [sql.ref('extra.value'), sql.ref('extra.value_folded')]
  const matches = test.kind === 'range' ? rangeOfValues(test, dialect) : strictness === 'strict' ? exactly(value, test) : inText(folded, test)
  return sql`dataset.no in (select extra.dataset_no from dataset_extra as extra
    where extra.key = ${extraKey(field)} and extra.state = 'active' and ${guard} and ${matches})`
}

const number = /^-?(\d{1,30}|\d{1,30}\.\d{1,30})$/

/** Numbers by size where the ends are numbers; everything else as text. */
function rangeOfValues(test: Extract<FieldTest, { kind: 'range' }>, dialect: Dialect): Condition {
  const value = sql.ref('extra.value')
  const asText = sql`(${isThere(value)} and ${between(value, test, (text) => text)})`
  if ([test.from, test.to].some((bound) => bound && !number.test(bound.value))) return asText
  const size = dialect.number(value)
  return sql`case when ${size} is null then ${asText} else ${between(size, test, Number)} end`
}

const tagCondition = (
  test: FieldTest,
): Condition => sql`dataset.no in (select link.dataset_no from dataset_tag as link join tag on tag.no = link.tag_no
    where link.state = 'active' and ${exactly(sql.ref('tag.name'), test)})`

const groupCondition = (test: FieldTest): Condition => sql`dataset.no in (select link.dataset_no from membership as link
    join catalogue_group as groups on groups.no = link.group_no
    where link.state = 'active' and groups.state = 'active' and ${exactly(sql.ref('groups.name'), test)})`

const organizationCondition =
  (column: string) =>
  (test: FieldTest): Condition =>
    sql`dataset.owner_org_no in (select owner.no from catalogue_group as owner where ${exactly(sql.ref(column), test)})`

const privateCondition = (test: FieldTest): Condition =>
  sql`dataset.private = ${test.kind === 'value' && (test.value === 'private' || test.value === 'true') ? 1 : 0}`

/** A format in any of its spellings. */
function formatCondition(test: FieldTest): Condition {
  const column = sql.ref('file.format_folded')
  const value = (text: string) => fold(canonicalFormat(text))
  const matches =
    test.kind === 'value'
      ? sql`${column} = ${value(test.value)}`
      : test.kind === 'pattern'
        ? like(column, patternOf(test.pieces, fold))
        : common(column, withFoldedEnds(test))
  return sql`dataset.no in (select file.dataset_no from resource as file where file.state = 'active' and ${matches})`
}

/** Fields whose values are in other tables. */
const linkedFields: Readonly<Record<string, (test: FieldTest) => Condition>> = {
  tags: tagCondition,
  tag: tagCondition,
  groups: groupCondition,
  organization: organizationCondition('owner.name'),
  owner_org: organizationCondition('owner.id'),
  res_format: formatCondition,
  private: privateCondition,
  capacity: privateCondition,
}

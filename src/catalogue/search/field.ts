import { periodOf } from './date.ts'
import { badQuery, type FieldTest, type Query, type QueryPlace } from './query.ts'

const times = ['metadata_created', 'metadata_modified']
const flags: Readonly<Record<string, readonly [string, string]>> = { private: ['true', 'false'], capacity: ['private', 'public'] }

/** Every field of a search, except the keys of extras. */
export const searchFields = [
  'id',
  'name',
  'title',
  'notes',
  'author',
  'author_email',
  'maintainer',
  'maintainer_email',
  'url',
  'version',
  'license_id',
  'tags',
  'tag',
  'groups',
  'organization',
  'owner_org',
  'res_format',
  'res_name',
  'res_description',
  'res_url',
  'private',
  'capacity',
  'state',
  'type',
  'dataset_type',
  'creator_user_id',
  'revision_id',
  ...times,
  'text',
  '*',
] as const

const known = new Set<string>(searchFields)

export const isKnownField = (name: string) => known.has(name) || name.startsWith('extras_')

/** The key of the extra that a field names. */
export const extraKey = (field: string) => (field.startsWith('extras_') ? field.slice('extras_'.length) : field)

/** Characters of a value; longer ones are refused. */
const maxValueLength = 1000

/** A condition on a field. Throws `invalid` for a value that is not valid for the field. */
export function fieldCondition(field: string, test: FieldTest, place: QueryPlace): Query {
  const bad = (message: string) => badQuery(message, place.parameter)
  if (JSON.stringify(test).length > 2 * maxValueLength) throw bad(`a value may have at most ${maxValueLength} characters`)
  if (times.includes(field)) return timeCondition(field, test, place)
  if (known.has(field) && isNumberRange(test)) throw bad(`${field} is a text, and texts are compared by their characters: 10 comes before 9`)
  const words = Object.hasOwn(flags, field) ? flags[field] : undefined
  if (!words) return { kind: 'field', field, test }
  if (test.kind === 'exists') return { kind: 'all' }
  const value = test.kind === 'value' ? test.value.toLowerCase() : ''
  if (!words.includes(value)) throw bad(`${field} is ${words.join(' or ')}`)
  return { kind: 'field', field, test: { kind: 'value', value } }
}

/** Whether an end of a range is a number. */
const isNumberRange = (test: FieldTest) =>
  test.kind === 'range' && [test.from, test.to].some((bound) => bound && /^-?\d+(?:\.\d+)?$/.test(bound.value))

function timeCondition(field: string, test: FieldTest, place: QueryPlace): Query {
  const read = (text: string) => {
    const period = periodOf(text, place.now)
    if (!period) throw badQuery(`${field}: wanted a date, NOW-7DAYS or *, got ${text}`, place.parameter)
    return period
  }
  if (test.kind === 'exists') return { kind: 'all' }
  if (test.kind === 'pattern') throw badQuery(`${field} takes no wildcards; write ${field}:[from TO to]`, place.parameter)
  if (test.kind === 'value') return { kind: 'period', field, ...read(test.value) }
  const [from, to] = [test.from && read(test.from.value), test.to && read(test.to.value)]
  return { kind: 'period', field, from: test.from?.isIncluded ? from?.from : from?.before, before: test.to?.isIncluded ? to?.before : to?.from }
}

/** Fields of a query that can only be keys of extras. */
export function extraFields(query: Query): string[] {
  if (query.kind === 'field') return isKnownField(query.field) ? [] : [query.field]
  if (query.kind === 'not') return extraFields(query.query)
  return query.kind === 'and' || query.kind === 'or' ? [...new Set(query.queries.flatMap(extraFields))] : []
}

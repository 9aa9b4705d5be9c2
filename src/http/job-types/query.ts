import { Type } from 'typebox'
import type { JobTypeRef, Page, PageRequest } from '../../job-types/job-type.ts'
import type { JobTypeFilter, JobTypeQuery, OrderField, OrderKey } from '../../job-types/list.ts'
import { HttpError } from '../server/errors.ts'
import { queryOf } from '../server/query-string.ts'

const defaultPageSize = 100
const maxPageSize = 1000

const page = {
  page: Type.Optional(Type.String({ default: '1', description: 'a number from 1, or `last`' })),
  page_size: Type.Optional(
    Type.Integer({ minimum: 1, maximum: maxPageSize, default: defaultPageSize, description: 'a value that is not a number from 1 on is ignored' }),
  ),
}
const is_active = Type.Optional(Type.Boolean({ description: 'only versions that are active, or that are retired' }))

/** The parameters for pages of a list. */
export const PageQuery = Type.Object(page)
/** The filters of the versions of one name. */
export const VersionsQuery = Type.Object({ ...page, is_active })
/** The filters of the counts by state. */
export const StatusQuery = Type.Object({
  ...page,
  is_active,
  started: Type.Optional(Type.String({ description: 'a time with a zone, or a duration before now', default: 'PT3H0M0S' })),
  ended: Type.Optional(Type.String({ description: 'likewise; open when not given' })),
})
/** The filters of the lists of types and names. */
export const ListQuery = Type.Object({
  ...page,
  is_active,
  is_system: Type.Optional(Type.Boolean({ description: 'only types of the hub itself, or only registered ones' })),
  keyword: Type.Optional(Type.Array(Type.String(), { description: 'a part of the name or of a tag; may be repeated' })),
  id: Type.Optional(Type.Array(Type.Integer(), { description: 'may be repeated' })),
  order: Type.Optional(Type.Array(Type.String(), { description: 'a field, with - in front for the reverse; may be repeated' })),
})

const flagWords = new Map([
  ['true', true],
  ['t', true],
  ['1', true],
  ['false', false],
  ['f', false],
  ['0', false],
])

/** Throws `HttpError` 400 for a text that is not a boolean. */
export function parseFlag(name: string, text: string): boolean {
  const value = flagWords.get(text.trim().toLowerCase())
  if (value === undefined) throw new HttpError(400, `Parameter must be a valid boolean: "${name}"`)
  return value
}

/** Throws `HttpError` 400 for a text that is not an integer. */
export function parseWhole(name: string, text: string): number {
  if (!/^[+-]?[0-9]+$/.test(text.trim())) throw new HttpError(400, `Parameter must be a valid integer: "${name}"`)
  return Number(text)
}

/** The requested page of a list. Throws `HttpError` 404 for an invalid page number; sizes are limited to the allowed range. */
export function parsePage(query: URLSearchParams): PageRequest {
  const size = query.get('page_size')?.trim() ?? ''
  const wanted = /^\+?[0-9]+$/.test(size) ? Math.min(Number(size), maxPageSize) : 0
  const number = query.get('page')?.trim() ?? '1'
  if (number !== 'last' && !(/^\+?[0-9]+$/.test(number) && Number(number) > 0)) throw invalidPage()
  return { number: number === 'last' ? 'last' : Number(number), size: wanted > 0 ? wanted : defaultPageSize }
}

const invalidPage = () => new HttpError(404, 'Invalid page.')

/** The envelope of every list. Throws `HttpError` 404 beyond the last page. `url` is the request's own, from the path on. */
export function presentPage<T>(page: Page<T>, request: { url: string; siteUrl: string; size: number }, present: (item: T) => unknown) {
  const last = Math.max(1, Math.ceil(page.count / request.size))
  if (page.number > last) throw invalidPage()
  const link = (number: number) => (number < 1 || number > last ? null : pageUrl(request, number))
  return { count: page.count, next: link(page.number + 1), previous: link(page.number - 1), results: page.items.map(present) }
}

function pageUrl({ url, siteUrl }: { url: string; siteUrl: string }, number: number): string {
  const query = queryOf(url)
  if (number === 1) query.delete('page')
  else query.set('page', String(number))
  const path = siteUrl + (url.split('?', 1)[0] ?? '')
  return query.size > 0 ? `${path}?${query}` : path
}

/** The fields that lists can be ordered by, by their wire names. */
const versionFields: Readonly<Record<string, OrderField>> = {
  id: 'id',
  name: 'name',
  version: 'version',
  title: 'title',
  description: 'description',
  icon_code: 'iconCode',
  is_published: 'isPublished',
  is_active: 'isActive',
  is_paused: 'isPaused',
  is_system: 'isSystem',
  max_scheduled: 'maxScheduled',
  max_tries: 'maxTries',
  revision_num: 'revisionNum',
  docker_image: 'dockerImage',
  created: 'createdAt',
  deprecated: 'deprecatedAt',
  paused: 'pausedAt',
  last_modified: 'updatedAt',
}
const nameFields: Readonly<Record<string, OrderField>> = {
  name: 'name',
  title: 'title',
  description: 'description',
  icon_code: 'iconCode',
  is_published: 'isPublished',
  is_active: 'isActive',
  is_paused: 'isPaused',
  is_system: 'isSystem',
  latest_version: 'version',
}

/** Parses the query of the list of versions. Throws `HttpError` 400 for invalid filters and orders. */
export const parseVersionQuery = (query: URLSearchParams): JobTypeQuery => parseListQuery(query, versionFields)
/** Parses the query of the list of names. Throws `HttpError` 400 as well. */
export const parseNameQuery = (query: URLSearchParams): JobTypeQuery => parseListQuery(query, nameFields)

const parseListQuery = (query: URLSearchParams, orderable: Readonly<Record<string, OrderField>>): JobTypeQuery => ({
  filter: { ...parseActive(query), ...parseFilter(query) },
  order: query.getAll('order').map((text) => parseOrder(text, orderable)),
  page: parsePage(query),
})

/** Parses the filter of the versions of one name. */
export function parseActive(query: URLSearchParams): JobTypeFilter {
  const active = query.get('is_active')
  return active === null ? {} : { isActive: parseFlag('is_active', active) }
}

function parseFilter(query: URLSearchParams): JobTypeFilter {
  const system = query.get('is_system')
  return {
    ...(system !== null && { isSystem: parseFlag('is_system', system) }),
    ...(query.has('keyword') && { keywords: query.getAll('keyword') }),
    // A text that is not an integer is not the number of any job type.
    ...(query.has('id') && {
      nos: query
        .getAll('id')
        .map((text) => parseWhole('id', text))
        .filter(Number.isSafeInteger),
    }),
  }
}

function parseOrder(text: string, orderable: Readonly<Record<string, OrderField>>): OrderKey {
  const word = text.replace(/^-/, '')
  const field = Object.hasOwn(orderable, word) ? orderable[word] : undefined
  if (!field) throw new HttpError(400, `Cannot order by "${word.slice(0, 100)}"; the fields are ${Object.keys(orderable).join(', ')}`)
  return { field, descending: text.startsWith('-') }
}

/** Name and version from a path. Throws `HttpError` 404 for invalid ones. */
export function parseRef({ name, version }: { name: string; version: string }): JobTypeRef {
  if (!/^[\w.-]{1,255}$/.test(name) || !/^[0-9A-Za-z.+-]{1,255}$/.test(version)) throw notFoundHere()
  return { name, version }
}

/** The number of a revision from a path. Throws `HttpError` 404 for an invalid one. */
export function parseRevisionNum(text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw notFoundHere()
  return Number(text)
}

export const notFoundText = 'Not found.'
const notFoundHere = () => new HttpError(404, notFoundText)

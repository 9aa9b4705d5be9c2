import { type RawBuilder, sql } from 'kysely'
import type { Db } from '../../../store/store.ts'
import type { FacetCount, SearchRequest } from '../search.ts'

/** Where the values of a field are: a join with the table `dataset`, and a column. */
export interface FacetSource {
  readonly join: RawBuilder<unknown>
  readonly value: RawBuilder<unknown>
}

const source = (join: string, value: string): FacetSource => ({ join: sql.raw(join), value: sql.ref(value) })

const byPrivacy = (hidden: string, open: string): FacetSource => ({
  join: sql``,
  value: sql.raw(`case when dataset.private = 1 then '${hidden}' else '${open}' end`),
})

const sources: Readonly<Record<string, FacetSource>> = {
  tags: source(`join dataset_tag as link on link.dataset_no = dataset.no and link.state = 'active' join tag on tag.no = link.tag_no`, 'tag.name'),
  groups: source(
    `join membership as link on link.dataset_no = dataset.no and link.state = 'active'
      join catalogue_group as groups on groups.no = link.group_no and groups.state = 'active'`,
    'groups.name',
  ),
  organization: source('join catalogue_group as owner on owner.no = dataset.owner_org_no', 'owner.name'),
  owner_org: source('join catalogue_group as owner on owner.no = dataset.owner_org_no', 'owner.id'),
  res_format: source(`join resource as file on file.dataset_no = dataset.no and file.state = 'active'`, 'file.format_name'),
  dataset_type: source('', 'dataset.type'),
  private: byPrivacy('true', 'false'),
  capacity: byPrivacy('private', 'public'),
  creator_user_id: source('', 'dataset.creator_id'),
}

const columns = new Set([
  'id',
  'name',
  'title',
  'version',
  'url',
  'author',
  'author_email',
  'maintainer',
  'maintainer_email',
  'notes',
  'license_id',
  'state',
  'type',
])

/** Every field whose values can be counted, except the keys of extras. */
export const facetFields: readonly string[] = [...Object.keys(sources), ...columns]

/** Whether a facet is a field of datasets, or has the prefix `extras_`. */
export const isKnownFacet = (name: string) => facetFields.includes(name) || name.startsWith('extras_')

/** Any field that is not a field of datasets is the key of an extra, with or without the prefix `extras_`. */
export function facetSource(field: string): FacetSource {
  const known = Object.hasOwn(sources, field) ? sources[field] : undefined
  if (known) return known
  if (columns.has(field)) return source('', `dataset.${field}`)
  const key = field.startsWith('extras_') ? field.slice('extras_'.length) : field
  return {
    join: sql`join dataset_extra as extra on extra.dataset_no = dataset.no and extra.state = 'active' and extra.key = ${key}`,
    value: sql.ref('extra.value'),
  }
}

interface FacetTask {
  readonly field: string
  /** Over the table `dataset`. */
  readonly where: RawBuilder<unknown>
  readonly request: Pick<SearchRequest, 'facetMinCount' | 'facetLimit'>
}

/** How many of the datasets have each value, the most frequent first; equal counts by value. */
export async function countFacet(db: Db, { field, where, request }: FacetTask): Promise<FacetCount[]> {
  const { join, value } = facetSource(field)
  const { rows } = await sql<{ value: string; count: number }>`select ${value} as value, count(distinct dataset.no) as count
    from dataset ${join} where ${where} and ${value} is not null and ${value} <> ''
    group by ${value} having count(distinct dataset.no) >= ${request.facetMinCount}
    order by count(distinct dataset.no) desc, ${value} limit ${request.facetLimit}`.execute(db)
  return rows.map((row) => ({ value: row.value, count: row.count }))
}

/** A value that a dataset has. */
export interface FacetValue {
  readonly no: number
  readonly value: string
}

/** The different values of each dataset that meets the condition, by dataset. */
export async function listFacetValues(db: Db, { join, value }: FacetSource, where: RawBuilder<unknown>): Promise<readonly FacetValue[]> {
  const { rows } = await sql<FacetValue>`select distinct dataset.no as no, ${value} as value
    from dataset ${join} where ${where} and ${value} is not null and ${value} <> '' order by dataset.no`.execute(db)
  return rows
}

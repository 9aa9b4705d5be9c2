import { type RawBuilder, sql } from 'kysely'
import type { Db } from '../../store/store.ts'
import { containing } from '../search/sql/like-pattern.ts'

/** Columns in which resources are searched. */
export const resourceFields = ['name', 'description', 'url', 'format', 'hash', 'mimetype', 'url_type'] as const

export type ResourceField = (typeof resourceFields)[number]

/** A column, and what it must contain, whatever the case of ASCII letters. */
export interface ResourceTerm {
  readonly field: ResourceField
  readonly text: string
}

export interface ResourceQuery {
  readonly terms: readonly ResourceTerm[]
  readonly order: ResourceField | 'id'
  readonly limit: number
  readonly offset: number
}

/** How many active resources of listed datasets have all terms, and the ids of a page of them. */
export async function searchResourceIds(db: Db, { terms, order, limit, offset }: ResourceQuery): Promise<{ count: number; ids: string[] }> {
  const conditions: RawBuilder<unknown>[] = terms.map(
    ({ field, text }) => sql`lower(${sql.ref(`resource.${field}`)}) like ${containing(lowerAscii(text))} escape '\\'`,
  )
  const found = sql`from resource join dataset on dataset.no = resource.dataset_no
    where ${sql.join([sql`resource.state = 'active' and dataset.listed = 1`, ...conditions], sql` and `)}`
  const counted = await sql<{ count: number }>`select count(*) as count ${found}`.execute(db)
  const { rows } = await sql<{ id: string }>`select resource.id ${found}
    order by ${sql.ref(`resource.${order}`)}, resource.id limit ${limit} offset ${offset}`.execute(db)
  return { count: counted.rows[0]?.count ?? 0, ids: rows.map((row) => row.id) }
}

/** As `lower` of both databases does it on these columns. */
const lowerAscii = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

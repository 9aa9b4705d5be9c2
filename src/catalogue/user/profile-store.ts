import { type RawBuilder, sql } from 'kysely'
import { findUserById, findUserByName, type StoredUser } from '../../auth/user-store.ts'
import type { Actor } from '../../context.ts'
import type { Db } from '../../store/store.ts'
import { isUuid } from '../field-reader.ts'
import { containing } from '../search/sql/like-pattern.ts'
import { readable } from '../search/sql/visible.ts'

/** What a user has done in the catalogue. */
export interface UserCounts {
  /** Revisions by the user. */
  readonly edits: number
  /** Datasets that the user made and the caller may read, without deleted ones. */
  readonly datasets: number
}

/** A user by id, name or OpenID, in this order; deleted ones included. */
export async function findUser(db: Db, ref: string): Promise<StoredUser | undefined> {
  const found = (isUuid(ref) ? await findUserById(db, ref) : undefined) ?? (await findUserByName(db, ref))
  if (found) return found
  const row = await db.selectFrom('user_account').select('id').where('openid', '=', ref).executeTakeFirst()
  return row && findUserById(db, row.id)
}

export async function countFor(db: Db, actor: Actor, user: { id: string; name: string }): Promise<UserCounts> {
  const { rows } = await sql<UserCounts>`select
    (select count(*) from revision where author = ${user.name}) as edits,
    (select count(*) from dataset where creator_id = ${user.id} and state <> 'deleted' and ${readable(actor)}) as datasets`.execute(db)
  return { edits: rows[0]?.edits ?? 0, datasets: rows[0]?.datasets ?? 0 }
}

export interface UserQuery {
  readonly q: string
  /** The whole e-mail address. */
  readonly email?: string | undefined
  /** Whether to search e-mail addresses too; only for sysadmins, because the hits reveal them. */
  readonly withEmail: boolean
  readonly order: 'name' | 'edits'
  readonly limit?: number | undefined
}

/** Ids of active users whose name, full name or OpenID contains a text, whatever its case. */
export async function listUserIds(db: Db, { q, email, withEmail, order, limit }: UserQuery): Promise<string[]> {
  const columns = ['name', 'fullname', 'openid', ...(withEmail ? ['email'] : [])]
  const { rows } = await sql<{ id: string }>`select id from user_account as people
    where people.state = 'active' and ${
      q === ''
        ? sql`1 = 1`
        : sql`(${sql.join(
            columns.map((column) => contains(column, q)),
            sql` or `,
          )})`
    } ${email === undefined ? sql`` : sql`and lower(people.email) = ${foldAscii(email)}`}
    order by ${order === 'edits' ? sql`(select count(*) from revision where revision.author = people.name) desc, ` : sql``} people.name
    limit ${limit ?? Number.MAX_SAFE_INTEGER}`.execute(db)
  return rows.map((row) => row.id)
}

/** Both databases fold the case of ASCII letters alike. Other letters match only in the stored case. */
const contains = (column: string, text: string): RawBuilder<unknown> =>
  sql`lower(${sql.ref(`people.${column}`)}) like ${containing(foldAscii(text))} escape '\\'`

const foldAscii = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

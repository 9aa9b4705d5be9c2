import { CkanNotFoundError, CkanProtocolError } from '../errors.ts'
import type { CkanLowLevelClient } from '../low-level/low-level.ts'
import { isRecord, type PlainRecord } from '../record.ts'
import { UsageError } from './usage.ts'

/** What commands read and write. */
export type KindName = 'datasets' | 'groups' | 'organizations' | 'users'

/** How the actions of one kind are called. */
export interface Kind {
  name: KindName
  /** First word of its actions. */
  prefix: 'package' | 'group' | 'organization' | 'user'
  /** Parameters of its `_show` beside the id: what a dump contains. */
  shown: PlainRecord
  /** Names of all that the list shows, in its order. */
  list(client: CkanLowLevelClient): Promise<string[]>
}

const GROUP_PARTS = { include_datasets: false, include_users: false }

const KINDS: readonly Kind[] = [
  { name: 'datasets', prefix: 'package', shown: {}, list: (client) => client.listDatasets() },
  { name: 'groups', prefix: 'group', shown: GROUP_PARTS, list: (client) => client.listGroups() },
  { name: 'organizations', prefix: 'organization', shown: GROUP_PARTS, list: (client) => client.listOrganizations() },
  { name: 'users', prefix: 'user', shown: { include_password_hash: true }, list: listUsers },
]

/** The kind that the first word of a command names, and the other words. */
export function readKind([word, ...words]: readonly string[]): { kind: Kind; words: string[] } {
  const kind = KINDS.find(({ name }) => name === word)
  if (kind) return { kind, words }
  const got = word === undefined ? 'nothing' : JSON.stringify(word)
  throw new UsageError(`the first word must be ${KINDS.map(({ name }) => name).join(', ')}; got ${got}`)
}

/** A record as its `_show` gives it; `ref` is an id or name. Throws CkanNotFoundError. */
export async function show(client: CkanLowLevelClient, { prefix, shown }: Kind, ref: string): Promise<PlainRecord> {
  const action = `${prefix}_show`
  const record = await client.action(action, { id: ref, ...shown })
  if (isRecord(record)) return withoutKeys(record)
  throw new CkanProtocolError(`${action}: the result is not an object`, { action })
}

/** Some catalogues show a user's own keys with the user: they open an account, so no dump has them. */
function withoutKeys({ apikey: _apikey, reset_key: _resetKey, ...record }: PlainRecord): PlainRecord {
  return record
}

/** The stored record: by the id, then by the name of the given one; null if there is neither. */
export async function findStored(client: CkanLowLevelClient, kind: Kind, record: PlainRecord): Promise<PlainRecord | null> {
  for (const ref of [record['id'], record['name']]) {
    if (typeof ref !== 'string' || ref === '') continue
    try {
      return await show(client, kind, ref)
    } catch (error) {
      if (!(error instanceof CkanNotFoundError)) throw error
    }
  }
  return null
}

/** Servers give names or whole users, whatever was asked for. */
async function listUsers(client: CkanLowLevelClient): Promise<string[]> {
  const users = await client.action('user_list', { all_fields: false })
  const names = Array.isArray(users) ? users.map((user: unknown) => (isRecord(user) ? user['name'] : user)) : []
  if (Array.isArray(users) && names.every((name) => typeof name === 'string')) return names
  throw new CkanProtocolError('user_list: the result is not a list of users', { action: 'user_list' })
}

import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { callAction } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'
import { addRow, type Caller, keyOf, type Row } from '../testing/parameter-row.ts'
import { actions } from './actions/actions.ts'
import { fillForReads, readRows } from './testing/parameter-reads.ts'
import { Scene } from './testing/parameter-row.ts'
import { writeRows } from './testing/parameter-writes.ts'

// No parameter is accepted and ignored: every one that an action names changes something, or is refused.

const hub = await startHub({}, { http: true, workers: false })
after(() => hub.close())
const scene = new Scene(hub)
const { apikey: maria } = await scene.call<{ apikey: string }>('user_create', {
  name: 'maria',
  password: 'a long password',
  email: 'maria@example.org',
})
await scene.call('user_create', { name: 'jonas', password: 'a long password' })
await fillForReads(scene, maria)
await scene.call('api_token_create', { user: 'maria', name: 'listed' })
const rows = [...readRows(scene), ...writeRows(scene)]

/** Parameters of today's clients, by action, where the document of 2011 (see `actions.test.ts`) has others or none. */
const modern = `
package_create              id metadata_modified
package_list                limit offset include_private include_drafts include_deleted
package_show                id name_or_id use_default_schema
package_search              q fq fq_list sort rows start facet facet.field facet.limit facet.mincount include_private include_drafts include_deleted use_default_schema fl qf mm tie defType wt bf boost df
resource_search             query order_by offset limit
current_package_list_with_resources limit offset
package_autocomplete        q limit
tag_list                    query all_fields vocabulary_id
organization_list           all_fields sort limit offset organizations include_extras include_users include_groups include_dataset_count
group_list                  all_fields sort limit offset groups include_extras include_users include_groups include_dataset_count
organization_show           id include_datasets include_dataset_count include_users include_extras include_groups include_followers
group_show                  id include_datasets include_dataset_count include_users include_extras include_groups include_followers
organization_list_for_user  id permission
organization_member_create  id username role
group_member_create         id username role
user_list                   q order_by all_fields email
user_show                   id include_datasets include_password_hash
user_update                 id password email password_hash sysadmin
api_token_create            user name
api_token_list              user_id user
api_token_revoke            jti token
help_show                   name
`

test('every parameter of every action has its row, and no row is about anything else', () => {
  const offered = [...actions].flatMap(([action, { input }]) => Object.keys(input.properties).map((parameter) => keyOf({ of: action, parameter })))
  assert.deepEqual(rows.map(keyOf).sort(), offered.sort())
})

test('every parameter that a contract names is one of the action', () => {
  const named = modern
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [action = '', ...parameters] = line.split(/ +/)
      return parameters.map((parameter) => keyOf({ of: action, parameter }))
    })
  const known = new Set(rows.map(keyOf))
  assert.deepEqual(
    named.filter((one) => !known.has(one)),
    [],
  )
})

const call: Caller = async ({ of, key = hub.adminKey }, input) => {
  const { status, body } = await callAction(hub, of, { body: input, key })
  const result = body.result as Awaited<ReturnType<Caller>>['result']
  return body.success ? { status, result } : { status, result, refusal: JSON.stringify(body.error) }
}

const isRead = ({ of }: Row) => actions.get(of)?.effect === 'read'

// Reads one by one, while nothing changes; writes have things of their own.
for (const row of rows.filter(isRead)) addRow(row, call)
describe('writes', { concurrency: 8 }, () => {
  for (const row of rows.filter((one) => !isRead(one))) addRow(row, call)
})

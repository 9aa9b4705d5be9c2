import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actions } from './actions.ts'

/** The four tables of the Action API document of 2011, as they are printed there. */
const tables = `
site_read                              (none)
package_list                           (none)
current_package_list_with_resources    limit
revision_list                          (none)
package_revision_list                  id
group_list                             all_fields
group_list_authz                       (none)
group_list_available                   (none)
group_revision_list                    id
licence_list                           (none)
tag_list                               q, all_fields, limit, offset, return_objects
user_list                              q, order_by
package_relationships_list             id, id2, rel
package_show                           id
revision_show                          id
group_show                             id
tag_show                               id
user_show                              id
package_show_rest                      id
group_show_rest                        id
tag_show_rest                          id
package_autocomplete                   q
tag_autocomplete                       q, limit
format_autocomplete                    q, limit
user_autocomplete                      q, limit
package_search                         q, fields, facet_by, limit, offset, filter_by_openness, filter_by_downloadable

package_create                         (package keys)
package_create_validate                (package keys)
resource_create                        (resource keys)
package_relationship_create            id, id2, rel, comment
group_create                           (group keys)
rating_create                          package, rating
user_create                            (user keys)
package_create_rest                    (package keys)
group_create_rest                      (group keys)

make_latest_pending_package_active     id
resource_update                        (resource keys)
package_update                         (package keys)
package_update_validate                (package keys)
package_relationship_update            id, id2, rel, comment
group_update                           (group keys)
user_update                            (user keys), reset_key
package_update_rest                    (package keys)
group_update_rest                      (group keys)

package_delete                         id
package_relationship_delete            id, id2, rel
group_delete                           id
`

const rows = tables
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => line.split(/ {2,}/) as [string, string])

/** Accepted and without effect. */
const ignored = new Set(['return_objects'])

for (const [name, keys] of rows) {
  test(`${name} is there, answers as in 2011, and has its parameters`, () => {
    const action = actions.get(name)
    assert.ok(action)
    assert.equal(action.era, 2011)
    const named = keys.split(', ').filter((key) => !key.startsWith('(') && !ignored.has(key))
    assert.deepEqual(
      named.filter((key) => !Object.hasOwn(action.input.properties, key)),
      [],
    )
  })
}

test('tables one to four: reading first, then what changes', () => {
  const groups = tables.trim().split('\n\n')
  const effects = groups.map((group) => [...new Set(group.split('\n').map((line) => actions.get(line.split(' ')[0] ?? '')?.effect))])
  assert.deepEqual(effects, [['read'], ['write'], ['write'], ['write']])
})

test('every action explains itself and its parameters', () => {
  for (const [name, { help, input }] of actions) {
    assert.match(help, /^[A-Z].*[.]$/, name)
    for (const [key, schema] of Object.entries(input.properties))
      assert.equal(typeof (schema as { description?: unknown }).description, 'string', `${name}.${key}`)
  }
})

import { type Row, rowsOf, type Values } from '../../testing/parameter-row.ts'
import type { Scene } from './parameter-row.ts'

const firstResource = '11111111-0000-4000-8000-000000000001'
const secondResource = '22222222-0000-4000-8000-000000000002'

/** What the rows of reads look at. */
export async function fillForReads(scene: Scene, maria: string): Promise<void> {
  await scene.call('organization_create', {
    name: 'org',
    title: 'Zoo',
    extras: [{ key: 'a', value: 'b' }],
    users: [
      { name: 'maria', capacity: 'editor' },
      { name: 'jonas', capacity: 'member' },
    ],
  })
  await scene.call('organization_create', { name: 'other-org', title: 'Bank' })
  const resources = [
    { id: firstResource, name: 'Zulu', url: 'http://a.example/1', format: 'CSV' },
    { id: secondResource, name: 'Alfa', url: 'http://a.example/2', format: 'JSONS' },
  ]
  await scene.call('package_create', { name: 'alpha', title: 'Alpha river', license_id: 'cc-by', tags: ['water', 'air'], resources }, maria)
  await scene.call('package_create', { name: 'alpine', notes: 'river', tags: ['air'], owner_org: 'org' })
  await scene.call('package_create', { name: 'gamma', tags: ['water', 'stone'] })
  await scene.call('package_create', { name: 'hidden', owner_org: 'org', private: true })
  await scene.call('package_create', { name: 'sketch', state: 'draft' })
  await scene.call('package_create', { name: 'gone' })
  await scene.call('package_delete', { id: 'gone' })
  await scene.call('group_create', { name: 'grp', title: 'Zebra', packages: ['alpha'], extras: [{ key: 'a', value: 'b' }] })
  await scene.call('group_create', { name: 'grp-two', title: 'Apple' })
  await scene.call('package_relationship_create', { id: 'alpha', id2: 'alpine', rel: 'child_of' })
  await scene.call('package_relationship_create', { id: 'alpha', id2: 'gamma', rel: 'links_to' })
}

const facets = () => ({ 'facet.field': ['tags'] })
const include: Values = { include_private: { value: true }, include_drafts: { value: true }, include_deleted: { value: true } }
const refusedSettings: Values = Object.fromEntries(
  ['qf', 'mm', 'tie', 'defType', 'wt', 'bf', 'boost', 'df', 'q.op'].map((name) => [name, { value: 'title^2', isRefused: true }]),
)
const oneSchema = { value: true, given: 'packages have one schema' }

const packages: Row[] = [
  ...rowsOf('package_list', { limit: { value: 1 }, offset: { value: 1 }, ...include }),
  ...rowsOf('package_show', {
    id: { value: 'alpha' },
    name_or_id: { value: 'alpha' },
    use_default_schema: { base: () => ({ id: 'alpha' }), ...oneSchema },
  }),
  ...rowsOf('package_search', {
    q: { value: 'river' },
    fields: { value: { tags: 'water' } },
    facet_by: { value: 'tags,groups', bad: 'no-such' },
    limit: { value: 1 },
    offset: { value: 1 },
    filter_by_openness: { value: true },
    filter_by_downloadable: { value: true },
    fq: { value: 'tags:water' },
    fq_list: { value: ['tags:water'] },
    sort: { value: 'name desc' },
    rows: { value: 1 },
    start: { value: 1 },
    facet: { base: facets, value: false },
    'facet.field': { value: "['tags', 'groups']", bad: ['no-such'] },
    'facet.limit': { base: facets, value: 1 },
    'facet.mincount': { base: facets, value: 2 },
    ...include,
    fl: { value: 'name,title' },
    return_objects: { value: false, isRefused: true },
    use_default_schema: oneSchema,
    ...refusedSettings,
  }),
  ...rowsOf('package_show_rest', { id: { value: 'alpha' } }),
  ...rowsOf('current_package_list_with_resources', { limit: { value: 1 }, offset: { value: 1 } }),
  ...rowsOf('package_autocomplete', { q: { value: 'alp' }, limit: { base: () => ({ q: 'alp' }), value: 1 } }),
  ...rowsOf('package_relationships_list', {
    id: { value: 'alpha' },
    id2: { base: () => ({ id: 'alpha' }), value: 'alpine' },
    rel: { base: () => ({ id: 'alpha' }), value: 'child_of' },
  }),
  ...rowsOf('resource_show', { id: { value: firstResource } }),
  ...rowsOf('resource_view_list', { id: { value: firstResource } }),
  ...rowsOf('resource_search', {
    query: { value: 'format:csv' },
    order_by: { base: () => ({ query: 'url:a.example' }), value: 'name' },
    limit: { base: () => ({ query: 'url:a.example' }), value: 1 },
    offset: { base: () => ({ query: 'url:a.example' }), value: 1 },
  }),
]

const revisions = (scene: Scene): Row[] => [
  ...rowsOf('revision_list', { limit: { value: 1 }, offset: { value: 1 } }),
  ...rowsOf('revision_show', { id: { value: async () => (await scene.call<string[]>('revision_list', {}))[0] } }),
  ...rowsOf('package_revision_list', { id: { value: 'alpha' } }),
  ...rowsOf('group_revision_list', { id: { value: 'grp' } }),
]

const tagged = () => ({ q: 'a' })

const tags: Row[] = [
  ...rowsOf('tag_list', {
    q: { value: 'wat' },
    query: { value: 'wat' },
    all_fields: { value: true },
    limit: { base: tagged, value: 1 },
    offset: { base: tagged, value: 1 },
    vocabulary_id: { value: 'colours', isRefused: true },
    return_objects: { value: false, isRefused: true },
  }),
  ...rowsOf('tag_show', { id: { value: 'water' } }),
  ...rowsOf('tag_show_rest', { id: { value: 'water' } }),
  ...rowsOf('tag_autocomplete', { q: { value: 'a' }, query: { value: 'a' }, limit: { base: tagged, value: 1 } }),
  ...rowsOf('format_autocomplete', { q: { value: 'cs' }, limit: { base: () => ({ q: 's' }), value: 1 } }),
]

const whole = () => ({ all_fields: true })
const listed: Values = {
  all_fields: { value: true },
  sort: { value: 'title asc' },
  order_by: { value: 'name desc' },
  limit: { value: 1 },
  offset: { value: 1 },
  include_dataset_count: { base: whole, value: false },
  include_extras: { base: whole, value: true },
  include_users: { base: whole, value: true },
  include_groups: { base: whole, value: true },
  include_tags: { base: whole, value: true },
}
const shown = (id: string): Values => ({
  id: { value: id },
  ...Object.fromEntries(
    ['include_dataset_count', 'include_extras', 'include_users', 'include_groups', 'include_tags', 'include_followers'].map((name) => [
      name,
      { base: () => ({ id }), value: false },
    ]),
  ),
})

const groups: Row[] = [
  ...rowsOf('group_list', { ...listed, groups: { value: 'grp,none' } }),
  ...rowsOf('organization_list', { ...listed, organizations: { value: ['org'] } }),
  ...rowsOf('group_list_authz', {
    available_only: { base: () => ({ id: 'alpha' }), value: true },
    id: { base: () => ({ available_only: true }), value: 'alpha' },
  }),
  ...rowsOf('group_list_available', { id: { value: 'alpha' } }),
  ...rowsOf('group_show', { ...shown('grp'), include_datasets: { base: () => ({ id: 'grp' }), value: false } }),
  ...rowsOf('organization_show', { ...shown('org'), include_datasets: { base: () => ({ id: 'org' }), value: true } }),
  ...rowsOf('group_show_rest', { id: { value: 'grp' } }),
  ...rowsOf('organization_list_for_user', { id: { value: 'maria' }, permission: { base: () => ({ id: 'jonas' }), value: 'create_dataset' } }),
]

const people: Row[] = [
  ...rowsOf('user_list', {
    q: { value: 'mari' },
    email: { value: 'Maria@example.org' },
    order_by: { value: 'edits' },
    all_fields: { value: false },
  }),
  ...rowsOf('user_show', {
    id: { value: 'maria' },
    include_datasets: { base: () => ({ id: 'maria' }), value: true },
    include_password_hash: { base: () => ({ id: 'maria' }), value: true },
  }),
  ...rowsOf('user_autocomplete', { q: { value: 'a' }, limit: { base: tagged, value: 1 } }),
  ...rowsOf('api_token_list', { user_id: { value: 'maria' }, user: { value: 'maria' } }),
  ...rowsOf('help_show', { name: { value: 'tag_show' } }),
]

/** Every parameter of the actions that read. */
export const readRows = (scene: Scene): Row[] => [...packages, ...revisions(scene), ...tags, ...groups, ...people]

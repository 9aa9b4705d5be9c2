import { randomUUID } from 'node:crypto'
import { buildManifest } from '../../../../test/job-types.ts'
import { enqueueJob } from '../../../jobs/submit/enqueue.ts'
import { testType } from '../../../jobs/testing/types.ts'
import { type Body, fresh, type Row, rowsOf, type Values, withBase } from '../../testing/parameter-row.ts'
import type { RouteScene } from '../../testing/route-scene.ts'

const [alpha, beta] = ['listed-alpha', 'listed-beta']

/** Test data for job types: versions, revisions, and jobs of two types in every counted state. */
export async function fillForTypes(scene: RouteScene): Promise<void> {
  await scene.jobType({}, { name: alpha })
  await scene.jobType({}, { name: alpha })
  await scene.jobType({ is_active: false }, { name: alpha, jobVersion: '2.0.0' })
  await scene.jobType({}, { name: beta })
  for (const type of [`${alpha}:1.0.0`, `${beta}:1.0.0`]) for (const state of ['queued', 'running', 'failed']) await putJob(scene, type, state)
}

/** Stores a job of a type that no worker runs here. */
async function putJob({ hub }: RouteScene, type: string, state: string): Promise<void> {
  const error = state === 'failed' ? JSON.stringify({ class: 'system', reason: 'worker_lost', message: 'x' }) : null
  const times = { started_at: state === 'queued' ? null : Date.now(), finished_at: state === 'failed' ? Date.now() : null }
  await hub.app.base.store.write(async (write) => {
    const id = randomUUID()
    await enqueueJob(write, testType('double', { name: type }), { id })
    await write.db
      .updateTable('job')
      .set({ state, error, ...times })
      .where('id', '=', id)
      .execute()
  })
}

const pages = (base: () => Body = () => ({})): Values => ({
  '?page': { base: () => ({ ...base(), '?page_size': 1 }), value: 2, bad: 'x' },
  '?page_size': { base, value: 1 },
})
const active = { value: false, bad: 'maybe' }

const listValues: Values = {
  ...pages(),
  '?keyword': { value: alpha },
  '?id': { value: 1, bad: 'x' },
  '?is_active': active,
  '?is_system': { value: false, bad: 'maybe' },
  '?order': { value: '-name', bad: 'no-such' },
}

const listRows: Row[] = [
  ...rowsOf('GET /v6/job-type-names', listValues),
  ...rowsOf('GET /v6/job-types', listValues),
  ...rowsOf('GET /v6/job-types/{name}', {
    ...pages(() => ({ '{name}': alpha })),
    '?is_active': { base: () => ({ '{name}': alpha }), ...active },
    '{name}': { value: alpha },
  }),
  ...rowsOf('GET /v6/job-types/status', {
    ...pages(),
    '?is_active': active,
    '?started': { value: 'PT0S', bad: 'yesterday' },
    '?ended': { value: '2001-01-01T00:00:00Z', bad: 'yesterday' },
  }),
  ...['pending', 'running', 'system-failures'].flatMap((name) => rowsOf(`GET /v6/job-types/${name}`, pages())),
]

const path = () => ({ '{name}': alpha, '{version}': '1.0.0' })
const first = () => ({ ...path(), '{revision}': 1 })
const without = (base: () => Body, name: string) => () => Object.fromEntries(Object.entries(base()).filter(([key]) => key !== name))
const inPath = (base: () => Body): Values =>
  Object.fromEntries(Object.entries(base()).map(([name, value]) => [name, { base: without(base, name), value }]))

const versionRows: Row[] = [
  ...rowsOf('GET /v6/job-types/{name}/{version}', inPath(path)),
  ...rowsOf('GET /v6/job-types/{name}/{version}/revisions', { ...pages(path), ...inPath(path) }),
  ...rowsOf('GET /v6/job-types/{name}/{version}/revisions/{revision}', inPath(first)),
]

/** Fields of a job type, each with a valid and a refused value. */
const fields: Values = {
  docker_image: { value: 'other:1', bad: '' },
  icon_code: { value: 'f001', bad: 'x'.repeat(21) },
  is_published: { value: true, bad: 'maybe' },
  is_active: { value: false, bad: 'maybe' },
  is_paused: { value: true, bad: 'maybe' },
  max_scheduled: { value: 7, bad: 'x' },
}
const inQuery = (values: Values): Values => Object.fromEntries(Object.entries(values).map(([name, row]) => [`?${name}`, row]))
const plain = (name: string) => name.replace('?', '')
const warned: Values[string] = { value: true, bad: 'maybe', see: ({ warnings }) => (warnings as Body[])[0]?.['name'], expected: 'NO_EFFECT' }
const priority = ({ configuration }: Body) => (configuration as Body | undefined)?.['priority']

function changeRows(scene: RouteScene): Row[] {
  const shown = (of: Values, show: (result: Body) => Promise<Body> | Body): Values =>
    Object.fromEntries(
      Object.entries({ ...of, ...inQuery(of) }).map(([name, row]) => [
        name,
        { ...row, see: async (result: Body) => (await show(result))[plain(name)], expected: row.value },
      ]),
    )
  const described = () => ({ docker_image: 'x', manifest: buildManifest({ name: fresh() }) })
  const known = async () => ({ docker_image: 'x', manifest: buildManifest({ name: await scene.jobType() }) })
  const { docker_image, ...optional } = fields
  const image = { base: without(described, 'docker_image'), value: 'other:1', bad: '', see: (type: Body) => typeof type }
  let changed = ''
  const stored = async () => {
    changed = await scene.jobType()
    return { '{name}': changed, '{version}': '1.0.0' }
  }
  const now = () => scene.get('GET /v6/job-types/{name}/{version}', { '{name}': changed, '{version}': '1.0.0' })
  const configuration = { value: { priority: 5 }, bad: [] }
  const manifest = (base: Body) => buildManifest({ name: String(base['{name}'] ?? fresh()), title: 'New' })
  return [
    ...rowsOf('POST /v6/job-types', {
      ...withBase(
        shown(optional, (type) => type),
        described,
      ),
      docker_image: image,
      '?docker_image': image,
      manifest: { base: () => ({ docker_image: 'x' }), value: manifest, bad: 'x', see: (type) => typeof type },
      configuration: { base: described, ...configuration, see: priority, expected: 5 },
      ...withBase({ auto_update: warned, '?auto_update': warned }, known),
    }),
    ...rowsOf('PATCH /v6/job-types/{name}/{version}', {
      ...withBase(shown(fields, now), stored),
      manifest: { base: stored, value: manifest, bad: 'x', see: async () => (await now())['title'], expected: 'New' },
      configuration: { base: stored, ...configuration, see: async () => priority(await now()), expected: 5 },
      ...withBase({ auto_update: warned, '?auto_update': warned }, stored),
      '{name}': { base: () => ({ '{version}': '1.0.0' }), value: () => scene.jobType() },
      '{version}': { base: async () => ({ '{name}': await scene.jobType() }), value: '1.0.0' },
    }),
  ]
}

/** A validation only reports whether the fields other than the manifest could be registered. */
function validationRows(): Row[] {
  const described = () => ({ manifest: buildManifest() })
  const checked = Object.fromEntries(
    Object.entries({ ...fields, ...inQuery(fields) }).map(([name, { bad }]) => [name, { value: bad, isRefused: true }]),
  )
  return rowsOf('POST /v6/job-types/validation', {
    ...withBase({ ...checked, auto_update: warned, '?auto_update': warned }, described),
    manifest: { value: buildManifest(), bad: 'x' },
    configuration: { base: described, value: { priority: 0 }, bad: [], see: (verdict) => verdict['is_valid'], expected: false },
  })
}

/** Every parameter of the job types. */
export const typeRows = (scene: RouteScene): Row[] => [...listRows, ...versionRows, ...validationRows(), ...changeRows(scene)]

const paged = '?page ?page_size'
const lists = `${paged} ?keyword ?id ?is_active ?is_system ?order`
/** The parameters that the contract of the job types names, for all thirteen endpoints. */
export const typeContract = `
GET /v6/job-type-names                     ${lists}
GET /v6/job-types                          ${lists}
POST /v6/job-types                         icon_code is_published is_active is_paused max_scheduled docker_image manifest configuration auto_update
POST /v6/job-types/validation              manifest configuration
GET /v6/job-types/status                   ${paged} ?is_active ?started ?ended
GET /v6/job-types/pending                  ${paged}
GET /v6/job-types/running                  ${paged}
GET /v6/job-types/system-failures          ${paged}
GET /v6/job-types/{name}                   {name} ${paged} ?is_active
GET /v6/job-types/{name}/{version}         {name} {version}
PATCH /v6/job-types/{name}/{version}       {name} {version} icon_code is_published is_active is_paused max_scheduled docker_image manifest configuration auto_update
GET /v6/job-types/{name}/{version}/revisions {name} {version} ${paged}
GET /v6/job-types/{name}/{version}/revisions/{revision} {name} {version} {revision}
`

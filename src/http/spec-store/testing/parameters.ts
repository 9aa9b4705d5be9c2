import { hookKeyOf } from '../../../flows/run/update.ts'
import { type Body, fresh, type Row, rowsOf, type Values, withBase } from '../../testing/parameter-row.ts'
import type { Publisher, RouteScene } from '../../testing/route-scene.ts'

/** Test data of the spec store. */
export interface Flows {
  readonly maria: Publisher
  /** A private dataset with one revision that has succeeded. */
  readonly done: Body
}

const resource = { name: 'tiny', path: 'tiny.csv', schema: { fields: [{ name: 'a', type: 'integer' }] } }

/** A spec of a dataset with one small table. */
function specOf(scene: RouteScene, { id }: Publisher, more: Body = {}): Body {
  const dataset = fresh()
  const parameters = { descriptor: { name: dataset, resources: [resource] } }
  return {
    meta: { ownerid: id, dataset, ...more },
    inputs: [{ kind: 'datapackage', url: `${scene.data.url}/datapackage.json`, parameters }],
  }
}

/** Runs one flow to its end, and pauses pipelines after it. */
export async function fillForFlows(scene: RouteScene, maria: Publisher): Promise<Flows> {
  scene.data.texts.set('tiny.csv', 'a\n1\n')
  const flowId = await upload(scene, maria, { findability: 'private' })
  await end(scene, flowId)
  await scene.get('PATCH /v6/job-types/{name}/{version}', { '{name}': 'source-pipeline', '{version}': '1.0.0', is_paused: true })
  return { maria, done: pathOf(flowId) }
}

async function upload(scene: RouteScene, publisher: Publisher, more: Body = {}): Promise<string> {
  const { flow_id } = await scene.get('POST /source/upload', { 'Auth-Token:': publisher.token, ...specOf(scene, publisher, more) }, '')
  return String(flow_id)
}

/** Waits until a flow has ended. */
async function end(scene: RouteScene, flowId: string): Promise<void> {
  let wake: (() => void) | undefined
  const unlisten = scene.hub.app.base.store.listen('finished', () => wake?.())
  for (;;) {
    const woken = new Promise<void>((resolve) => {
      wake = resolve
    })
    const { state } = await show(scene, flowId)
    if (state === 'FAILED') throw new Error('the sample flow failed')
    if (state === 'SUCCEEDED') return unlisten()
    await woken
  }
}

function pathOf(flowId: string): Body {
  const [owner, dataset, revision] = flowId.split('/')
  return { '{owner}': owner, '{dataset}': dataset, '{revision}': revision }
}

interface Shown {
  readonly state: string
  readonly logs: string[]
  readonly pipelines: Readonly<Record<string, { readonly status: string; readonly stats: unknown; readonly error_log: string[] }>>
}
const show = (scene: RouteScene, flowId: unknown) => scene.get<Shown>('GET /source/{owner}/{dataset}/{revision}', pathOf(String(flowId)))

const without = (body: Body, name: string): Body => Object.fromEntries(Object.entries(body).filter(([key]) => key !== name))

function uploadRows(scene: RouteScene, maria: Publisher): Row[] {
  const spec = () => ({ 'Auth-Token:': maria.token, ...specOf(scene, maria) })
  const required = (name: string): Values => {
    let last: Body = {}
    const base = () => {
      last = spec()
      return without(last, name)
    }
    return { [name]: { base, value: () => last[name], see: (answer) => typeof answer } }
  }
  /** A required field of the spec. */
  const inner = (path: string, value: unknown): Values => ({
    [path]: { base: () => ({ ...spec(), [path]: undefined }), value, see: (answer) => typeof answer },
  })
  const endings = async ({ flow_id }: Body) => Object.keys((await show(scene, flow_id)).pipelines).map((id) => id.split('/')[3])
  const shownSpec = async ({ flow_id }: Body) =>
    (await scene.get<{ spec_contents: Body }>('GET /source/{owner}/{dataset}/{revision}', pathOf(String(flow_id)))).spec_contents
  const zip = { kind: 'zip', parameters: { 'out-file': 'all.zip' } }
  const tokenless = () => specOf(scene, maria)
  const byToken = { base: tokenless, value: maria.token, see: (answer: Body) => typeof answer }
  return rowsOf('POST /source/upload', {
    ...required('meta'),
    ...required('inputs'),
    ...inner('meta.ownerid', maria.id),
    ...inner('meta.dataset', 'named'),
    ...inner('inputs.0.kind', 'datapackage'),
    ...inner('inputs.0.url', `${scene.data.url}/datapackage.json`),
    ...inner('inputs.0.parameters', { descriptor: { name: 'x', resources: [resource] } }),
    ...inner('inputs.0.parameters.descriptor', { name: 'x', resources: [resource] }),
    ...inner('inputs.0.parameters.descriptor.name', 'x'),
    'inputs.0.parameters.descriptor.resources': {
      base: spec,
      value: [{ ...resource, name: 'renamed' }],
      see: async (answer) => (await endings(answer)).includes('renamed_csv'),
      expected: true,
    },
    'inputs.0.parameters.resource-mapping': { base: spec, value: { 'tiny.csv': 'file:///etc/passwd' }, isRefused: true },
    'meta.owner': { base: spec, value: 'maria', see: async (answer) => ((await shownSpec(answer))['meta'] as Body)['owner'], expected: 'maria' },
    'meta.version': { base: spec, value: 1, see: async (answer) => ((await shownSpec(answer))['meta'] as Body)['version'], expected: 1 },
    'meta.findability': {
      base: spec,
      value: 'private',
      bad: 'hidden',
      see: async ({ flow_id }) => (await scene.call('GET /source/{owner}/{dataset}/{revision}', pathOf(String(flow_id)), '')).status,
      expected: 404,
    },
    processing: {
      base: spec,
      value: [{ input: 'tiny', output: 'other' }],
      bad: 'x',
      see: async (answer) => (await endings(answer)).includes('other_csv'),
      expected: true,
    },
    outputs: { base: spec, value: [zip], bad: 'x', see: async (answer) => (await endings(answer)).includes('all_zip'), expected: true },
    schedule: {
      base: spec,
      value: 'every 3h',
      bad: 'now and then',
      see: async (answer) => (await shownSpec(answer))['schedule'],
      expected: 'every 3h',
    },
    'Auth-Token:': byToken,
    '?jwt': byToken,
  }).map((row) => ({ ...row, key: '' }))
}

function updateRows(scene: RouteScene, maria: Publisher): Row[] {
  let [flow, pipeline] = ['', '']
  const planned = async (event: Body) => {
    flow = await upload(scene, maria)
    pipeline = `${flow}/tiny_csv`
    return event
  }
  const about = (event: Body) => async () => ({ ...(await planned(event)), pipeline })
  const seen = (part: 'status' | 'stats' | 'error_log') => async () => (await show(scene, flow)).pipelines[pipeline]?.[part]
  const names = { base: () => planned({ event: 'start' }), value: () => pipeline, see: (answer: Body) => typeof answer }
  const ended = about({ event: 'finish' })
  const stats = { bytes: 7, count_of_rows: 1, dataset_name: 'x', hash: 'h' }
  const keys = (value: unknown): Values[string] => ({ base: about({ event: 'start' }), value, key: '', see: (answer) => typeof answer })
  return rowsOf('POST /source/update', {
    pipeline: names,
    pipeline_id: names,
    event: { base: about({}), value: 'start', bad: 'pause', see: seen('status'), expected: 'INPROGRESS' },
    success: { base: ended, value: true, bad: 'yes', see: seen('status'), expected: 'SUCCEEDED' },
    errors: { base: ended, value: ['cause'], bad: 'cause', see: seen('error_log'), expected: ['cause'] },
    stats: { base: about({ event: 'finish', success: true }), value: stats, bad: 'x', see: seen('stats'), expected: stats },
    log: { base: about({ event: 'progress' }), value: ['half'], bad: 'half', see: async () => (await show(scene, flow)).logs, expected: ['half'] },
    'Auth-Token:': keys(maria.token),
    '?jwt': keys(maria.token),
    '?key': keys(() => hookKeyOf(scene.hub.app.base, flow)),
  })
}

function showRows({ maria, done }: Flows): Row[] {
  const inPath = (base: Body): Values =>
    Object.fromEntries(Object.entries(base).map(([name, value]) => [name, { base: () => without(base, name), value }]))
  const tokens = (base: Body): Values =>
    withBase({ 'Auth-Token:': { value: maria.token, key: '' }, '?jwt': { value: maria.token, key: '' } }, () => base)
  const file = { ...done, '{*}': 'datapackage.json' }
  return [
    ...rowsOf('GET /source/{owner}/{dataset}/{revision}', { ...inPath(done), ...tokens(done) }),
    ...rowsOf('GET /source/{owner}/{dataset}/{revision}/{*}', { ...inPath(file), ...tokens(file) }),
  ]
}

function authRows({ key }: Publisher): Row[] {
  const service = () => ({ '?service': 'source' })
  const userid = (answer: Body) => answer['userid']
  const known = { value: key, key: '', see: (answer: Body) => answer['authenticated'], expected: true }
  return [
    ...rowsOf('GET /auth/authorize', {
      '?service': { value: 'source', key, see: (answer) => answer['service'], expected: 'source' },
      'Auth-Token:': { base: service, value: key, key: '', see: userid },
      '?jwt': { base: service, value: key, key: '', see: userid },
    }),
    ...rowsOf('GET /auth/check', {
      'Auth-Token:': known,
      '?jwt': known,
      '?next': { value: 'http://a.example/', given: 'this hub lists no login providers that could lead there' },
    }),
    ...rowsOf('GET /auth/resolve', { '?username': { value: 'maria' } }),
  ]
}

/** Every parameter of the spec store and of the token service. */
export const sourceRows = (scene: RouteScene, flows: Flows): Row[] => [
  ...uploadRows(scene, flows.maria),
  ...updateRows(scene, flows.maria),
  ...showRows(flows),
  ...authRows(flows.maria),
]

/** The parameters that the contract of the spec store names. */
export const sourceContract = `
POST /source/upload                        Auth-Token: ?jwt meta inputs processing outputs schedule
POST /source/upload                        meta.ownerid meta.dataset meta.owner meta.version meta.findability inputs.0.kind inputs.0.url inputs.0.parameters
POST /source/upload                        inputs.0.parameters.descriptor inputs.0.parameters.resource-mapping
POST /source/update                        pipeline pipeline_id event success errors stats log ?key Auth-Token:
GET /source/{owner}/{dataset}/{revision}   {owner} {dataset} {revision} Auth-Token:
GET /source/{owner}/{dataset}/{revision}/{*} {owner} {dataset} {revision} {*} Auth-Token:
GET /auth/authorize                        ?service Auth-Token: ?jwt
GET /auth/check                            Auth-Token: ?jwt ?next
GET /auth/resolve                          ?username
`

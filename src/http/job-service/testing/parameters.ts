import { type Body, fresh, type Row, rowsOf, type Values, withBase } from '../../testing/parameter-row.ts'
import type { RouteScene } from '../../testing/route-scene.ts'

const mark = 'listed'

/** What the rows of the job service look at: three jobs, one of which failed, and a type whose jobs wait. */
export async function fillForJobs(scene: RouteScene): Promise<void> {
  for (const data of ['one', 'two', '>three']) await scene.job({ data, metadata: { mark } })
  await scene.get('PATCH /v6/job-types/{name}/{version}', { '{name}': 'profile_resource', '{version}': '1.0.0', is_paused: true })
}

function submissionRows(scene: RouteScene): Row[] {
  const named = () => ({ job_type: 'echo_async', api_key: 'k' })
  let first: unknown
  const again = async () => {
    const headers = { 'Idempotency-Key:': 'the same' }
    first = (await scene.get('POST /job', { ...named(), ...headers }))['job_id']
    return named()
  }
  const fields: Values = {
    job_type: { base: () => ({ api_key: 'k' }), value: 'echo_async', expected: 'echo_async' },
    api_key: { base: () => ({ job_type: 'echo_async' }), value: 'k', see: (job) => typeof job },
    data: { base: named, value: 'ping', see: (job) => job['sent_data'], expected: 'ping' },
    metadata: { base: named, value: { a: 'b' }, bad: 'text', expected: { a: 'b' } },
    result_url: { base: named, value: 'http://127.0.0.1:1/', bad: 'ftp://x', expected: 'http://127.0.0.1:1/' },
  }
  return [
    ...rowsOf('POST /job', {
      ...fields,
      'Idempotency-Key:': { base: again, value: 'the same', bad: 'x'.repeat(256), see: (job) => job['job_id'] === first, expected: true },
    }),
    ...rowsOf('POST /job/{id}', {
      ...withBase(fields, () => ({ '{id}': fresh() })),
      '{id}': { base: named, value: fresh, see: (job) => job['job_id'] === 'none', expected: false },
      'Idempotency-Key:': {
        base: async () => {
          const call = { ...named(), '{id}': fresh() }
          await scene.get('POST /job/{id}', { ...call, 'Idempotency-Key:': call['{id}'] })
          return call
        },
        // Without it the id is taken; with it the answer is the first one.
        value: (base: Body) => base['{id}'],
        bad: 'x'.repeat(256),
        see: (job) => typeof job,
      },
    }),
  ]
}

function listRows(scene: RouteScene): Row[] {
  const marked = () => ({ '?mark': mark })
  let ended = ''
  return [
    ...rowsOf('GET /job', {
      '?_limit': { base: marked, value: 1, bad: 'abc' },
      '?_offset': { base: marked, value: 1, bad: '1.5' },
      '?_status': { base: marked, value: 'error' },
    }),
    ...rowsOf('DELETE /job', {
      '?days': {
        base: async () => {
          ended = await scene.job()
          return {}
        },
        value: 0,
        bad: 'abc',
        see: async () => (await scene.call('GET /job/{id}', { '{id}': ended })).status,
        expected: 404,
      },
    }),
  ]
}

function jobRows(scene: RouteScene): Row[] {
  const job = async () => ({ '{id}': await scene.job() })
  const id = { value: () => scene.job(), see: (result: Body) => typeof result }
  const waiting = async () => (await scene.get('POST /job', { job_type: 'profile_resource', api_key: 'k', data: {} }))['job_id']
  const posted = () => scene.job({ job_type: 'echo_async', result_url: 'http://127.0.0.1:1/' })
  return [
    ...rowsOf('GET /job/{id}', {
      '{id}': id,
      '?limit': { base: job, value: 0, bad: 'abc', see: (shown) => (shown['logs'] as unknown[]).length, expected: 0 },
    }),
    ...rowsOf('GET /job/{id}/data', { '{id}': id }),
    ...rowsOf('GET /job/{id}/callback', { '{id}': { ...id, value: posted } }),
    ...rowsOf('GET /job/{id}/log', { '{id}': id, 'Last-Event-ID:': { base: job, value: 1, bad: 'abc', see: eventsIn, expected: 'end' } }),
    ...rowsOf('POST /job/{id}/cancel', { '{id}': { ...id, value: waiting } }),
    ...rowsOf('DELETE /job/{id}', { '{id}': id }),
  ]
}

/** The names of the events in a stream. */
const eventsIn = ({ text }: Body) => [...String(text).matchAll(/^event: (\w+)$/gm)].map(([, name]) => name).join(' ')

const peopleRows = (name: string): Row[] => {
  const password = 'a long password'
  const basic = () => ({ 'Authorization:': `Basic ${btoa(`${name}:${password}`)}` })
  const next = { value: '/job', see: ({ location }: Body) => location, expected: '/job' }
  return [
    ...rowsOf('GET /login', { '?next': { base: basic, ...next } }),
    ...rowsOf('POST /login', {
      '?next': { base: () => ({ username: name, password }), ...next },
      username: { base: () => ({ password }), value: name, see: (result) => typeof result },
      password: { base: () => ({ username: name }), value: password, see: (result) => typeof result },
    }),
    ...['GET /logout', 'POST /logout'].flatMap((route) => rowsOf(route, { '?next': next })),
  ].map((row) => ({ ...row, key: '' }))
}

/** Every parameter of the job service; `name` is a user whose password is `a long password`. The last row deletes all jobs that have ended. */
export const serviceRows = (scene: RouteScene, name: string): Row[] => [
  ...jobRows(scene),
  ...submissionRows(scene),
  ...peopleRows(name),
  ...listRows(scene),
]

/** The parameters that the contract of the job service names. */
export const serviceContract = `
GET /job           ?_limit ?_offset ?_status
DELETE /job        ?days
POST /job          job_type api_key data result_url metadata Idempotency-Key:
POST /job/{id}     {id} job_type api_key data result_url metadata Idempotency-Key:
GET /job/{id}      {id} ?limit
GET /job/{id}/data {id}
GET /job/{id}/log  {id} Last-Event-ID:
DELETE /job/{id}   {id}
POST /job/{id}/cancel {id}
GET /login         ?next
POST /login        ?next username password
GET /logout        ?next
`

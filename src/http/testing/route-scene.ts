import assert from 'node:assert/strict'
import type { InjectOptions } from 'fastify'
import type { TestHub } from '../../../test/hub.ts'
import { buildManifest } from '../../../test/job-types.ts'
import type { DataServer } from '../../../test/sample-data.ts'
import { type Body, fresh, type Reply } from './parameter-row.ts'

/** Somebody who publishes: the API key, and a token for the spec store. */
export interface Publisher {
  readonly id: string
  readonly key: string
  readonly token: string
}

/** What the rows of routes are made with. */
export class RouteScene {
  readonly hub: TestHub
  readonly data: DataServer

  constructor(hub: TestHub, data: DataServer) {
    this.hub = hub
    this.data = data
  }

  /** Calls a route such as `GET /job/{id}` with parameters as rows name them. What a path lacks is `none`. */
  async call(route: string, input: Body, key = this.hub.adminKey): Promise<Reply> {
    const [method = '', pattern = ''] = route.split(' ')
    const query = new URLSearchParams()
    const headers: Record<string, string> = key === '' ? {} : { authorization: key }
    const body: Body = {}
    for (const [name, value] of Object.entries(input)) {
      if (name.startsWith('?')) query.append(name.slice(1), String(value))
      else if (name.endsWith(':')) headers[name.slice(0, -1).toLowerCase()] = String(value)
      else if (!name.startsWith('{')) put(body, name.split('.'), value)
    }
    const path = pattern.replaceAll(/\{[^}]+\}/g, (name) => encodeURIComponent(String(input[name] ?? 'none')).replaceAll('%2F', '/'))
    const hasBody = method !== 'GET' && Object.keys(body).length > 0
    const answer = await this.hub.http.inject({
      method: method as NonNullable<InjectOptions['method']>,
      url: query.size > 0 ? `${path}?${query}` : path,
      headers: { ...(hasBody && { 'content-type': 'application/json' }), ...headers },
      ...(hasBody && { payload: JSON.stringify(body) }),
    })
    const result = resultOf(answer.body, answer.headers)
    const isRefusal = answer.statusCode >= 400 || result['success'] === false
    return { status: answer.statusCode, result, refusal: isRefusal ? answer.body : undefined }
  }

  /** The result of a call that must succeed. */
  async get<T = Body>(route: string, input: Body = {}, key = this.hub.adminKey): Promise<T> {
    const { refusal, result } = await this.call(route, input, key)
    assert.equal(refusal, undefined, route)
    return result as T
  }

  action(name: string, input: Body): Promise<Body> {
    return this.get<{ result: Body }>(`POST /api/3/action/${name}`, input).then(({ result }) => result)
  }

  async publisher(name: string): Promise<Publisher> {
    const { id, apikey } = await this.action('user_create', { name, password: 'a long password' })
    const key = String(apikey)
    const { token } = await this.get('GET /auth/authorize', { '?service': 'source' }, key)
    return { id: String(id), key, token: String(token) }
  }

  /** Registers a version of a job type; answers its name. */
  async jobType(more: Body = {}, job: Parameters<typeof buildManifest>[0] = {}): Promise<string> {
    const name = job.name ?? fresh()
    await this.get('POST /v6/job-types', { docker_image: 'x', manifest: buildManifest({ ...job, name }), ...more })
    return name
  }

  /** The id of a job, submitted by a sysadmin. */
  async job(more: Body = {}): Promise<string> {
    const { job_id } = await this.get('POST /job', { job_type: 'echo', api_key: 'k', data: '&x', ...more })
    return String(job_id)
  }
}

/** Sets a field, or one within others: `inputs.0.url`. */
function put(object: Body, [name = '', ...inner]: readonly string[], value: unknown): void {
  if (inner.length === 0) object[name] = value
  else put(object[name] as Body, inner, value)
}

/** JSON as it is, where a redirect leads, or the text of anything else. */
function resultOf(text: string, headers: Record<string, unknown>): Body {
  if (headers['location'] !== undefined && text === '') return { location: headers['location'] }
  if (String(headers['content-type']).startsWith('application/json')) return JSON.parse(text)
  return { text }
}

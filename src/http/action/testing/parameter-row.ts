import { randomUUID } from 'node:crypto'
import { resultOf } from '../../../../test/action.ts'
import type { TestHub } from '../../../../test/hub.ts'

export type Body = Record<string, unknown>

/** One parameter of one action, and what shows that it acts: the same call without it and with it. */
export interface Row {
  readonly action: string
  readonly parameter: string
  /** What is sent, or how it comes about, given the rest of the call. */
  readonly value: unknown
  /** The rest of the call, made anew each time. */
  readonly base?: () => Body | Promise<Body>
  /** What of a result has to differ; with `expected` what it has to be. */
  readonly see?: (result: Body) => unknown
  readonly expected?: unknown
  /** The value is refused, and the refusal names the parameter. */
  readonly isRefused?: boolean
  /** Why the parameter changes nothing: what it asks for is given in any case. */
  readonly given?: string
  readonly key?: string
}

/** What rows are made with. */
export class Scene {
  readonly hub: TestHub

  constructor(hub: TestHub) {
    this.hub = hub
  }

  call<T = Body>(action: string, body: Body, key = this.hub.adminKey): Promise<T> {
    return resultOf<T>(this.hub, action, { body, key })
  }

  /** A package of its own, by name. */
  async package(more: Body = {}): Promise<string> {
    const name = fresh()
    await this.call('package_create', { name, ...more })
    return name
  }

  async group(kind: 'group' | 'organization', more: Body = {}): Promise<string> {
    const name = fresh()
    await this.call(`${kind}_create`, { name, ...more })
    return name
  }

  async user(): Promise<string> {
    const name = fresh()
    await this.call('user_create', { name, password: 'a long password' })
    return name
  }

  async resource(): Promise<string> {
    const { id } = await this.call('resource_create', { package_id: await this.package(), url: 'http://a.example/old' })
    return String(id)
  }
}

/** A name that nothing has. */
export const fresh = () => `n-${randomUUID()}`

/** Rows of one action, by parameter. */
export const rowsOf = (action: string, rows: Readonly<Record<string, Omit<Row, 'action' | 'parameter'>>>): Row[] =>
  Object.entries(rows).map(([parameter, row]) => ({ action, parameter, ...row }))

export const namesOf = (list: unknown) => (Array.isArray(list) ? list.map((one: Body) => one['name']).sort() : list)

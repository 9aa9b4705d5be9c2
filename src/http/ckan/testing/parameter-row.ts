import { resultOf } from '../../../../test/action.ts'
import type { TestHub } from '../../../../test/hub.ts'
import { type Body, fresh } from '../../testing/parameter-row.ts'

/** What the rows of actions are made with. */
export class Scene {
  readonly hub: TestHub
  #hash: Promise<unknown> | undefined

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
    this.#hash ??= this.storedHash('maria')
    await this.call('user_create', { name, password_hash: await this.#hash })
    return name
  }

  /** The stored password of a user: others who are made with it cost no hashing. */
  async storedHash(id: unknown): Promise<unknown> {
    return (await this.call('user_show', { id, include_password_hash: true }))['password_hash']
  }

  async resource(): Promise<string> {
    const { id } = await this.call('resource_create', { package_id: await this.package(), url: 'http://a.example/old' })
    return String(id)
  }
}

export const namesOf = (list: unknown) => (Array.isArray(list) ? list.map((one: Body) => one['name']).sort() : list)

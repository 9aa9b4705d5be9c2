import assert from 'node:assert/strict'
import type { TestHub } from './hub.ts'

/** What an action answered. */
export interface ActionAnswer {
  readonly status: number
  readonly body: { help: string | null; success: boolean; result?: unknown; error?: Record<string, unknown> & { __type: string } }
}

/** Calls an action over HTTP; `key` is an API key, `prefix` one of the two. */
export async function callAction(
  hub: Pick<TestHub, 'url'>,
  name: string,
  call: { body?: unknown; key?: string; prefix?: string } = {},
): Promise<ActionAnswer> {
  const response = await fetch(`${hub.url}${call.prefix ?? '/api/3/action'}/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(call.key ? { authorization: call.key } : {}) },
    body: JSON.stringify(call.body ?? {}),
  })
  return { status: response.status, body: (await response.json()) as ActionAnswer['body'] }
}

/** The result of an action that must succeed. */
export async function resultOf<T>(hub: Pick<TestHub, 'url'>, name: string, call: Parameters<typeof callAction>[2] = {}): Promise<T> {
  const { status, body } = await callAction(hub, name, call)
  assert.ok(body.success, `${name}: ${status} ${JSON.stringify(body.error ?? body)}`)
  return body.result as T
}

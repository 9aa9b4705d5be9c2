import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { plainPath } from '../../../scripts/promises/extract.ts'
import { holds } from '../../../test/promise.ts'

export type Body = Record<string, unknown>

/** One parameter of one action or route, and what shows that it acts: the same call without it and with it. */
export interface Row {
  /** The name of an action, or method and path of a route. */
  readonly of: string
  /** A field of the body. Routes have others, too: `?name` in the query string, `{name}` in the path, `Name:` in the headers. */
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
  /** Another value, which is refused by the parameter's name. */
  readonly bad?: unknown
  /** Why the parameter changes nothing: what it asks for is given in any case. */
  readonly given?: string
  readonly key?: string
}

/** Rows of one action or route, by parameter. */
export type Values = Readonly<Record<string, Omit<Row, 'of' | 'parameter'>>>

export const rowsOf = (of: string, values: Values): Row[] => Object.entries(values).map(([parameter, row]) => ({ of, parameter, ...row }))

/** The same values, each with more in the rest of its call. */
export const withBase = (values: Values, base: () => Body | Promise<Body>): Values =>
  Object.fromEntries(
    Object.entries(values).map(([name, row]) => [name, { ...row, base: async () => ({ ...(await base()), ...(await row.base?.()) }) }]),
  )

/** What identifies a row. */
export const keyOf = ({ of, parameter }: Pick<Row, 'of' | 'parameter'>) => `${of} ${parameter}`

/** A name that nothing has. */
export const fresh = () => `n-${randomUUID()}`

/** What a call answered; `refusal` is its text when the call was refused. */
export interface Reply {
  readonly status: number
  readonly refusal?: string | undefined
  readonly result: Body
}

/** How the calls of a table are made. */
export type Caller = (row: Row, body: Body) => Promise<Reply>

async function outcomeOf(row: Row, body: Body, call: Caller) {
  const { status, refusal, result } = await call(row, body)
  const view = row.see ?? ((shown: Body) => (row.expected === undefined ? shown : shown[row.parameter]))
  return { status, refusal, seen: refusal === undefined ? await view(result) : undefined }
}

function isNamed(refusal: string | undefined, { parameter }: Row): boolean {
  const name = parameter.replaceAll(/[?{}:]/g, '').replaceAll(/\W/g, '\\$&')
  return new RegExp(`(?<!\\w)${name}(?!\\w)`, 'i').test(refusal?.replaceAll(/\[(\d+)\]/g, '.$1') ?? '')
}

async function assertRefused(row: Row, body: Body, call: Caller): Promise<void> {
  const { status, refusal } = await call(row, body)
  assert.ok(isNamed(refusal, row), `the refusal does not name the parameter: ${status} ${refusal}`)
}

async function checkRow(row: Row, call: Caller): Promise<void> {
  const { parameter, value, isRefused, given, bad } = row
  const base = async () => (await row.base?.()) ?? {}
  const without = await outcomeOf(row, await base(), call)
  const rest = await base()
  const having = await outcomeOf(row, { ...rest, [parameter]: typeof value === 'function' ? await value(rest) : value }, call)
  if (bad !== undefined) await assertRefused(row, { ...(await base()), [parameter]: bad }, call)
  if (isRefused) {
    assert.ok(isNamed(having.refusal, row), `the refusal does not name the parameter: ${having.status} ${having.refusal}`)
    return assert.notEqual(without.refusal, having.refusal)
  }
  assert.equal(having.refusal, undefined)
  if (given) return assert.deepEqual(having, without)
  assert.notDeepEqual(having, without)
  if (row.expected !== undefined) assert.deepEqual(having.seen, row.expected)
}

/** Adds the test of a row: the parameter changes something, or is refused. */
export function addRow(row: Row, call: Caller): void {
  const what = row.isRefused ? 'is refused by its name' : row.given ? `changes nothing, for ${row.given}` : 'changes the answer'
  test(`${row.of}: ${row.parameter} ${what}`, async () => {
    await checkRow(row, call)
    const of = plainPath(row.of)
    holds(of, `${of} ${row.parameter.startsWith('{') ? '{}' : row.parameter}`)
  })
}

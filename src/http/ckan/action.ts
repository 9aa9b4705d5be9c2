import type { Static, TObject } from 'typebox'
import type { Input } from '../../catalogue/field-reader.ts'
import type { Upload } from '../../catalogue/resource/upload.ts'
import type { Context } from '../../context.ts'
import { type Era, successHead } from './envelope.ts'

/** How an action is called: some defaults depend on the prefix. */
export interface Call {
  readonly prefix: '/api/action' | '/api/3/action'
  /** The file of a multipart body. */
  readonly upload?: Upload | undefined
}

/** Checks whether a file may be received, by the parameters that came before it. Throws what the action would throw. */
export type UploadGate = (ctx: Context, input: Input) => Promise<void>

/** One row of the table of actions, for the dispatcher, the OpenAPI page and the docs. */
export interface Action {
  readonly effect: 'read' | 'write'
  /** One or two sentences, shown as `help` in every answer. */
  readonly help: string
  readonly successHead: string
  readonly era: Era
  /** Bad input is a `Search Query Error`. */
  readonly isSearch: boolean
  readonly input: TObject
  /** Present for actions that take a file. */
  readonly upload: UploadGate | undefined
  /** Runs the action on parameters that were read by `input`. */
  run(ctx: Context, input: Input, call: Call): Promise<unknown>
  /** The `result` of the answer, made of what `run` returned; that itself when absent. */
  present?(result: unknown, ctx: Context): unknown
}

interface Row<S extends TObject, R> {
  readonly effect?: 'read' | 'write'
  readonly help: string
  readonly era?: Era
  readonly isSearch?: boolean
  readonly input: S
  readonly upload?: UploadGate
  run(ctx: Context, input: Static<S>, call: Call): Promise<R>
  present?(result: R, ctx: Context): unknown
}

/** Makes a row of the table. By default it is a read action of the contract of 2011. */
export function action<S extends TObject, R>(row: Row<S, R>): Action {
  return { effect: 'read', era: 2011, isSearch: false, upload: undefined, ...row, successHead: successHead(row.help) }
}

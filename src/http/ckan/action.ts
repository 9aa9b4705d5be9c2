import type { Static, TObject } from 'typebox'
import type { Input } from '../../catalogue/field-reader.ts'
import type { Upload } from '../../catalogue/resource/upload.ts'
import type { Context } from '../../context.ts'
import { type Era, successHead } from './envelope.ts'
import { parseParameters } from './input/parameter.ts'

/** How an action is called: some defaults depend on the prefix. */
export interface Call {
  readonly prefix: '/api/action' | '/api/3/action'
  /** A file that came along. */
  readonly upload?: Upload | undefined
}

/** Whether a file may be received, by what of the call is known when it begins. Throws what the action would throw. */
export type UploadGate = (ctx: Context, input: Input) => Promise<void>

/** One row of the table of actions: all that the dispatcher, the OpenAPI page and the docs know of it. */
export interface Action {
  readonly effect: 'read' | 'write'
  /** One or two sentences, shown as `help` in every answer. */
  readonly help: string
  readonly successHead: string
  readonly era: Era
  /** Bad input is a `Search Query Error`. */
  readonly isSearch: boolean
  readonly input: TObject
  /** There for actions that take a file. */
  readonly upload: UploadGate | undefined
  /** Runs the action on unchecked parameters. What it gives is the `result`. */
  readonly run: (ctx: Context, input: Input, call: Call) => Promise<unknown>
}

interface Row<S extends TObject, R> {
  readonly effect?: 'read' | 'write'
  readonly help: string
  readonly era?: Era
  readonly isSearch?: boolean
  readonly input: S
  readonly upload?: UploadGate
  readonly run: (ctx: Context, input: Static<S>, call: Call) => Promise<R>
  /** The wire shape of what `run` gives; that itself when absent. */
  readonly present?: (result: R, ctx: Context) => unknown
}

/** Makes a row of the table; reads unless it says otherwise, named by the contract of 2011 unless it says otherwise. */
export function action<S extends TObject, R>({
  effect = 'read',
  help,
  era = 2011,
  isSearch = false,
  input,
  upload,
  run,
  present,
}: Row<S, R>): Action {
  return {
    effect,
    help,
    successHead: successHead(help),
    era,
    isSearch,
    input,
    upload,
    async run(ctx, raw, call) {
      const result = await run(ctx, parseParameters(input, raw), call)
      return present ? present(result, ctx) : result
    },
  }
}

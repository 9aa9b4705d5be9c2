import { type Static, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'

const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const op = <const T extends string>(name: T) => Type.Literal(name)

/** Latest time that a `Date` can hold, in milliseconds since 1970. */
const latest = 8.64e15

const Entry = Type.Object({
  at: Type.Integer({ minimum: 0, maximum: latest }),
  level: Type.Union([op('DEBUG'), op('INFO'), op('WARNING'), op('ERROR'), op('CRITICAL')]),
  message: Type.String(),
  func: orNull(Type.String()),
  line: orNull(Type.Integer()),
})
const Failure = Type.Object({
  class: Type.Union([op('data'), op('job'), op('system')]),
  reason: Type.String(),
  message: Type.String(),
  details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  stack: Type.Optional(Type.String()),
})

const FromChild = Type.Union([
  Type.Object({ op: op('log'), entry: Entry }),
  Type.Object({ op: op('progress'), progress: Type.Object({ fraction: Type.Number(), message: orNull(Type.String()) }) }),
  /** Calls an action of the catalogue; `input` is JSON. The answer names the `id`. */
  Type.Object({ op: op('call'), id: Type.Integer(), action: Type.String(), input: Type.String() }),
  /** The process is replaced after this attempt: its functions have left memory or work behind. */
  Type.Object({ op: op('recycle') }),
  // The rest end the attempt: a small result as JSON (null: none), a large one in the result file, bytes there, a failure.
  Type.Object({ op: op('value'), json: orNull(Type.String()) }),
  Type.Object({ op: op('file') }),
  Type.Object({ op: op('raw'), mediaType: orNull(Type.String()) }),
  Type.Object({ op: op('failed'), failure: Failure }),
])

/** What a function's child process sends to the hub: a line of JSON each. */
export type FromChild = Static<typeof FromChild>

const validator = Compile(FromChild)

/** Reads a line of a child. Its functions may have broken anything there, and nothing of that may reach the store: throws for what is no message. */
export function readMessage(line: string): FromChild {
  const message: unknown = JSON.parse(line)
  if (!validator.Check(message)) throw new TypeError('something that is no message')
  if (message.op === 'value' && message.json !== null) JSON.parse(message.json)
  return message
}

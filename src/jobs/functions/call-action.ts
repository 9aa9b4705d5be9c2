import type { Logger } from 'pino'
import { DomainError } from '../../base/errors.ts'
import type { CatalogAnswer } from '../executor.ts'

/** A call of an action, as a running job makes it. */
export interface ActionCall {
  /** The job's owner; null: nobody. */
  readonly userId: string | null
  readonly action: string
  readonly input: Readonly<Record<string, unknown>>
  readonly log: Logger
}

/**
 * Runs an action of the hub for a job, and hands back its result as JSON text. Throws what the action throws. The rooms above have
 * the actions, so `app.ts` passes this in.
 */
export type CallAction = (call: ActionCall) => Promise<string>

/** The same for a call that came as text from a child process: whatever happens is an answer. */
export async function answerCall(callAction: CallAction | undefined, call: Omit<ActionCall, 'input'> & { input: string }): Promise<CatalogAnswer> {
  if (!callAction) return { error: { code: 'unavailable', message: 'this process has no catalogue' } }
  try {
    return { json: await callAction({ ...call, input: parseInput(call.input) }) }
  } catch (error) {
    if (error instanceof DomainError) return { error: { code: error.code, message: error.message, fields: error.fields } }
    call.log.error({ err: error, action: call.action }, 'an action that a job called has failed')
    return { error: { code: 'internal', message: `${call.action} failed` } }
  }
}

function parseInput(json: string): Readonly<Record<string, unknown>> {
  const input: unknown = JSON.parse(json)
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) return { ...input }
  throw new DomainError('invalid', 'the input of an action has to be an object')
}

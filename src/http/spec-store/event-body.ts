import { isObject } from '../../base/json.ts'
import type { Json } from '../../flows/pipelines/task.ts'
import type { PipelineEvent } from '../../flows/run/event.ts'
import { type EventName, eventNames } from '../../flows/run/state.ts'
import { HttpError } from '../server/errors.ts'
import { EventBody } from './schema.ts'

const refuse = (message: string) => new HttpError(400, message)

const eventFields = Object.keys(EventBody.properties)

const isEventName = (value: unknown): value is EventName => eventNames.some((name) => name === value)

/** Parses an event of a request. Throws `HttpError` 400 for an invalid body; `pipeline_id` takes precedence over `pipeline`. */
export function parseEvent(body: unknown): Omit<PipelineEvent, 'jobId' | 'logTail'> {
  if (!isObject<Json>(body)) throw refuse('the body must be an object')
  const extra = Object.keys(body).filter((key) => !eventFields.includes(key))
  if (extra.length > 0) throw refuse(`unknown field ${extra[0]?.slice(0, 100)}; the fields are ${eventFields.join(', ')}`)
  const pipelineId = body['pipeline_id'] ?? body['pipeline']
  if (typeof pipelineId !== 'string' || pipelineId === '') throw refuse('pipeline_id is missing')
  const event = body['event']
  if (!isEventName(event)) throw refuse(`event must be one of ${eventNames.join(', ')}`)
  const stats = body['stats']
  const success = body['success'] ?? false
  if (typeof success !== 'boolean') throw refuse(`success must be true or false, got ${JSON.stringify(success)}`)
  if (stats !== undefined && stats !== null && !isObject<Json>(stats)) throw refuse('stats must be an object')
  return {
    pipelineId,
    event,
    end: success ? 'done' : 'failed',
    errors: parseLines(body['errors'], 'errors'),
    log: parseLines(body['log'], 'log').slice(-100),
    ...(isObject(stats) && { stats }),
  }
}

function parseLines(value: Json | undefined, field: string): string[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw refuse(`${field} must be a list of texts`)
  return value.map((one: Json) => (typeof one === 'string' ? one : JSON.stringify(one)))
}

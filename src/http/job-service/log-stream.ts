import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Job } from '../../jobs/job.ts'
import { followLog, type Telling } from '../../jobs/logs/follow.ts'
import { HttpError } from '../server/errors.ts'
import type { Hub } from '../server/surface.ts'
import { presentLog, presentStatus } from './present.ts'

/** What a reader of the log sends whose connection broke. */
export const LastEventHeader = Type.Object({
  'last-event-id': Type.Optional(Type.Integer({ minimum: 0, description: 'the number of the last entry that was received' })),
})

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  // A stream that the stopping hub ends must not leave a connection that it then waits for.
  connection: 'close',
  // Proxies that hold answers back would hold back every line.
  'x-accel-buffering': 'no',
}

/** Sends the log of a job as server-sent events while the job runs. A stream ends with the hub, and its reader asks again. */
export function logStreamer(app: FastifyInstance, hub: Hub) {
  const stopping = new AbortController()
  app.addHook('preClose', async () => stopping.abort())
  return (request: FastifyRequest, reply: FastifyReply, job: Job): FastifyReply => {
    const after = lastEventId(request)
    reply.headers(headers)
    if (request.method === 'HEAD') return reply.send('')
    const tellings = followLog(hub.base.store, job, { after, signal: stopping.signal })
    return reply.send(Readable.from(eventTexts(tellings, job)))
  }
}

/** The number of the last entry that a reader has seen before its connection broke. Throws `HttpError` 409 for anything else. */
function lastEventId(request: FastifyRequest): number {
  const text = [request.headers['last-event-id']].flat()[0] || '0'
  if (!/^\d+$/.test(text)) throw new HttpError(409, 'Last-Event-ID has to be the id of an event of this stream')
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER)
}

/** Says nothing, and keeps connections open that somebody else would close. */
const comment = ':\n\n'

async function* eventTexts(tellings: AsyncIterable<Telling>, job: Job): AsyncGenerator<string> {
  // The head of an answer goes out with its first bytes.
  yield comment
  for await (const { lines, progress, end } of tellings) {
    const events = lines.map(({ no, entry }) => `event: log\nid: ${no}\ndata: ${JSON.stringify(presentLog(entry, job))}\n\n`)
    if (progress) events.push(`event: progress\ndata: ${JSON.stringify(progress)}\n\n`)
    if (end) events.push(`event: end\ndata: ${JSON.stringify({ status: presentStatus(end) })}\n\n`)
    yield events.length === 0 ? comment : events.join('')
  }
}

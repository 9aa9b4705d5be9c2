import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { lastAnswer } from './answer-headers.ts'

/** The longest pause and the lowest rate of a body. Its total time has no limit: 10 GB over a slow line may take hours. */
const pace = { quietMs: 60_000, windowMs: 60_000, minWindowBytes: 60 * 1024 } as const
const sweepMs = 5_000

const tooSlow = lastAnswer('408 Request Timeout', 'the body came too slowly: it may not pause for 60 s, nor come at less than 1 KB a second')

/** The progress of one body: bytes and times. */
interface Progress {
  bytes: number
  lastByteAt: number
  windowBytes: number
  windowAt: number
  readonly response: ServerResponse
}

/** Refuses bodies that arrive too slowly, so that they do not occupy connections. */
class BodyWatch {
  readonly #bodies = new Map<IncomingMessage, Progress>()

  /** Starts watching a request. Requests without a body, or with a complete body, are ignored. */
  add(request: IncomingMessage, response: ServerResponse): void {
    const { headers, socket } = request
    const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
    // An injected request has no connection.
    if (!hasBody || !(socket instanceof Socket)) return
    const now = Date.now()
    this.#bodies.set(request, { bytes: socket.bytesRead, lastByteAt: now, windowBytes: socket.bytesRead, windowAt: now, response })
  }

  /** Stops watching a request when its body is complete. A request that was answered earlier is still watched. */
  settle(request: IncomingMessage): void {
    if (request.complete || request.destroyed) this.#bodies.delete(request)
  }

  /** Checks all incomplete bodies. */
  sweep(): void {
    const now = Date.now()
    for (const [request, progress] of this.#bodies) {
      if (request.complete || request.destroyed) this.#bodies.delete(request)
      else if (isTooSlow(request, progress, now)) {
        this.#bodies.delete(request)
        cut(request, progress.response)
      }
    }
  }
}

function isTooSlow(request: IncomingMessage, progress: Progress, now: number): boolean {
  const { bytesRead } = request.socket
  // If bytes wait in the hub, the hub is slow, not the caller.
  const isOurs = request.readableLength > 0
  if (bytesRead > progress.bytes || isOurs) Object.assign(progress, { bytes: bytesRead, lastByteAt: now })
  if (now - progress.lastByteAt >= pace.quietMs) return true
  if (now - progress.windowAt < pace.windowMs && !isOurs) return false
  const isSlow = !isOurs && bytesRead - progress.windowBytes < pace.minWindowBytes
  Object.assign(progress, { windowBytes: bytesRead, windowAt: now })
  return isSlow
}

/** Answers 408 if there is no answer yet, and closes the connection. */
function cut({ socket }: IncomingMessage, response: ServerResponse): void {
  if (!response.headersSent && socket.writable) socket.write(tooSlow)
  socket.destroySoon()
}

/** Watches the bodies of all requests. */
export function addBodyWatch(app: FastifyInstance): void {
  const watch = new BodyWatch()
  const timer = setInterval(() => watch.sweep(), sweepMs).unref()
  app.addHook('onRequest', (request, reply, done) => {
    watch.add(request.raw, reply.raw)
    done()
  })
  app.addHook('onResponse', (request, _reply, done) => {
    watch.settle(request.raw)
    done()
  })
  app.addHook('onClose', async () => clearInterval(timer))
}

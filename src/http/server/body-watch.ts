import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { lastAnswer } from './answer-headers.ts'

/** How long a body may pause, and how slow it may be. Its total time has no limit: 10 GB over a slow line take hours, and end well. */
const pace = { quietMs: 60_000, windowMs: 60_000, minWindowBytes: 60 * 1024 } as const
const sweepMs = 5_000

const tooSlow = lastAnswer('408 Request Timeout', 'the body came too slowly: it may not pause for 60 s, nor come at less than 1 KB a second')

/** What one body has sent, and when. */
interface Progress {
  bytes: number
  lastByteAt: number
  windowBytes: number
  windowAt: number
  readonly response: ServerResponse
}

/** Cuts bodies that come too slowly, so that connections are not held for nothing. */
class BodyWatch {
  readonly #bodies = new Map<IncomingMessage, Progress>()

  /** Begins to watch a request. One without a body, or whose body has come, is not looked at. */
  add(request: IncomingMessage, response: ServerResponse): void {
    const { headers, socket } = request
    const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
    // A request that is injected has no connection.
    if (!hasBody || !(socket instanceof Socket)) return
    const now = Date.now()
    this.#bodies.set(request, { bytes: socket.bytesRead, lastByteAt: now, windowBytes: socket.bytesRead, windowAt: now, response })
  }

  /** Forgets a request when its body has come; one that was answered before that goes on being watched. */
  settle(request: IncomingMessage): void {
    if (request.complete || request.destroyed) this.#bodies.delete(request)
  }

  /** Looks at all bodies that are under way. */
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
  // Bytes that wait in the hub are its own fault.
  const isOurs = request.readableLength > 0
  if (bytesRead > progress.bytes || isOurs) Object.assign(progress, { bytes: bytesRead, lastByteAt: now })
  if (now - progress.lastByteAt >= pace.quietMs) return true
  if (now - progress.windowAt < pace.windowMs && !isOurs) return false
  const isSlow = !isOurs && bytesRead - progress.windowBytes < pace.minWindowBytes
  Object.assign(progress, { windowBytes: bytesRead, windowAt: now })
  return isSlow
}

/** Answers 408 where nothing has been answered yet, and closes the connection. */
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

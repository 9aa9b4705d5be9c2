import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** A request as a receiver of callbacks got it. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Record<string, unknown>
  readonly raw: string
}

/** What a receiver does: a status, or whatever else it wants with the answer. `count` is the number of the request, from 1. */
export type Behaviour = number | ((response: ServerResponse, count: number) => void)

/** A real HTTP server on loopback that notes what it is sent; on any free port unless one is given. */
export async function startReceiver(behave: Behaviour = 200, port = 0) {
  const received: Received[] = []
  const waiting = new Set<() => void>()
  const server = createServer(async (request, response) => {
    const raw = await text(request)
    received.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: raw ? JSON.parse(raw) : {}, raw })
    if (typeof behave === 'number') response.writeHead(behave).end()
    else behave(response, received.length)
    for (const wake of waiting) wake()
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  /** Resolves with the `count`th request, from 1. */
  const request = (count: number, patienceMs = 20_000) =>
    new Promise<Received>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`${received.length} of ${count} requests came`)), patienceMs)
      const look = () => {
        const one = received[count - 1]
        if (!one) return
        clearTimeout(limit)
        waiting.delete(look)
        resolve(one)
      }
      waiting.add(look)
      look()
    })
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url, received, request, close }
}

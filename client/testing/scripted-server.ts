import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** A request as a scripted server got it. */
export interface SeenRequest {
  method: string
  /** Path and query, as sent. */
  path: string
  headers: IncomingMessage['headers']
  body: string
  /** Monotonic milliseconds. */
  at: number
}

/** What to answer. */
export interface ScriptedAnswer {
  status?: number
  headers?: Record<string, string>
  /** A text goes out as it is, anything else as JSON. */
  body?: unknown
  /** `hang`: no answer at all; `reset`: the connection breaks at once; `cut`: it breaks in the middle of the body. */
  fault?: 'hang' | 'reset' | 'cut'
}

export type Script = (request: SeenRequest) => ScriptedAnswer

export interface ScriptedServer {
  /** Without trailing slash. */
  url: string
  seen: SeenRequest[]
  close: () => Promise<void>
}

/** The envelope of a successful action. */
export const success = (result: unknown): ScriptedAnswer => ({ body: { help: '', success: true, result } })

/** The envelope of a refused action. */
export const refusal = (status: number, error: unknown): ScriptedAnswer => ({ status, body: { help: '', success: false, error } })

/** Plays answers one after the other; the last one for ever. */
export function inOrder(...answers: ScriptedAnswer[]): Script {
  let next = 0
  return () => answers[Math.min(next++, answers.length - 1)] ?? {}
}

/** A real HTTP server on a free port of loopback that answers by a script and remembers what it was asked. */
export async function startScriptedServer(script: Script): Promise<ScriptedServer> {
  const seen: SeenRequest[] = []
  const server = createServer(async (request, response) => {
    const at = performance.now()
    const { method = '', url: path = '', headers } = request
    const body = await readText(request)
    const entry: SeenRequest = { method, path, headers, body, at }
    seen.push(entry)
    answer(response, script(entry))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }
  return { url: `http://127.0.0.1:${port}`, seen, close }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

function answer(response: ServerResponse, { status = 200, headers = {}, body = '', fault }: ScriptedAnswer): void {
  if (fault === 'hang') return
  if (fault === 'reset') return void response.socket?.destroy()
  const isText = typeof body === 'string'
  const text = isText ? body : JSON.stringify(body)
  response.writeHead(status, { 'content-type': isText ? 'text/html' : 'application/json;charset=utf-8', ...headers })
  if (fault === 'cut') response.write(text.slice(0, text.length / 2), () => response.socket?.destroy())
  else response.end(text)
}

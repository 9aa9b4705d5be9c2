import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** A server of a folder over HTTP, on loopback only. */
export interface ServedFolder {
  /** Without a trailing slash. */
  readonly url: string
  close(): Promise<void>
}

/** Serves the files of a folder, as a publisher's own web server would; port 0 takes a free one. */
export async function serveFolder(folder: string, port = 0): Promise<ServedFolder> {
  const base = await realpath(folder)
  const server = createServer(async (request, response) => {
    const file = await findFile(base, request.url ?? '/').catch(() => undefined)
    if (!file || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(file ? 405 : 404).end()
      return
    }
    response.writeHead(200, { 'content-length': file.bytes, 'content-type': 'application/octet-stream' })
    if (request.method === 'HEAD') response.end()
    // A client that disconnects ends only its own download.
    else await pipeline(createReadStream(file.path), response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  const address = server.address()
  const taken = typeof address === 'object' && address ? address.port : port
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${taken}`, close }
}

/** The file of a URL, if it is inside the folder. */
async function findFile(base: string, url: string): Promise<{ path: string; bytes: number } | undefined> {
  const path = await realpath(join(base, decodeURIComponent(new URL(url, 'http://localhost').pathname)))
  const found = await stat(path)
  return path.startsWith(base + sep) && found.isFile() ? { path, bytes: found.size } : undefined
}

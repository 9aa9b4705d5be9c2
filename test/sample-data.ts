import { createReadStream, readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../node_modules/vega-datasets/data', import.meta.url))

/** A resource of the sample package, with its own schema. */
export interface SampleResource {
  readonly name: string
  readonly path: string
  readonly format?: string
  readonly bytes?: number
  readonly schema?: { readonly fields: readonly { readonly name: string; readonly type: string }[] }
}

/** The real data package that the samples come from. */
const samplePackage: { readonly name: string; readonly description: string; readonly resources: readonly SampleResource[] } & Record<
  string,
  unknown
> = JSON.parse(readFileSync(join(folder, '..', 'datapackage.json'), 'utf8'))

/** One resource of the sample package. */
export function sampleResource(name: string): SampleResource {
  const found = samplePackage.resources.find((one) => one.name === name)
  if (!found) throw new Error(`vega-datasets has no resource ${name}`)
  return found
}

/** Files on loopback. */
export interface DataServer {
  readonly url: string
  /** Paths that were asked for, in order. */
  readonly asked: string[]
  /** Texts and bytes that are served beside the samples, by path without a slash; a number is a status. */
  readonly texts: Map<string, string | Uint8Array | number>
  close(): void
}

/** Serves the sample files, as they are, on a free port. */
export async function serveSamples(): Promise<DataServer> {
  const asked: string[] = []
  const texts = new Map<string, string | Uint8Array | number>()
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)).replace(/^\/+/, '')
    asked.push(path)
    const text = texts.get(path)
    if (typeof text === 'number') return response.writeHead(text).end('no data')
    if (text !== undefined) return response.end(text)
    try {
      const { size } = await stat(join(folder, path))
      response.writeHead(200, { 'content-length': size })
      createReadStream(join(folder, path)).pipe(response)
    } catch {
      response.writeHead(404).end('not here')
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    texts,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parse } from 'node:path'
import type { FastifyInstance } from 'fastify'

/** A static file of the pages. Its path changes with its content, so browsers may keep it for ever. */
interface Asset {
  readonly path: string
  readonly mediaType: string
  readonly content: Buffer
}

const yearSeconds = 31_536_000

export const stylesheet = readAsset(new URL('./style.css', import.meta.url), 'text/css; charset=utf-8')
export const icon = readAsset(new URL('./icon.svg', import.meta.url), 'image/svg+xml')

function readAsset(file: URL, mediaType: string): Asset {
  const content = readFileSync(file)
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16)
  const { name, ext } = parse(file.pathname)
  return { path: `/assets/${name}.${hash}${ext}`, mediaType, content }
}

/** Serves the static files, to anonymous callers too: a closed hub has a login page. */
export function addAssets(app: FastifyInstance): void {
  for (const { path, mediaType, content } of [stylesheet, icon]) {
    const headers = { 'content-type': mediaType, 'cache-control': `public, max-age=${yearSeconds}, immutable`, vary: 'accept-encoding' }
    app.get(path, { schema: { hide: true } as object }, async (_request, reply) => reply.headers(headers).send(content))
  }
}

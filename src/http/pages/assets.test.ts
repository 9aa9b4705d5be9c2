import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { startHub } from '../../../test/hub.ts'

const hub = await startHub({ MILLRACE_PUBLIC_READ: '0' }, { http: true, workers: false })
after(() => hub.close())

const get = (url: string, headers: Record<string, string> = {}) => hub.http.inject({ url, headers })

test('every page has a style sheet and an icon of the hub, kept for a year under a name that changes with the content', async () => {
  for (const url of ['/login', '/dataset', '/nowhere']) {
    const page = await get(url, { accept: 'text/html' })
    const paths = [...page.body.matchAll(/<link rel="(?:stylesheet|icon)"[^>]* href="([^"]+)"/g)].map((found) => String(found[1]))
    assert.equal(paths.length, 2, url)
    for (const path of paths) {
      assert.match(path, /^\/assets\/(?:style\.[\da-f]{16}\.css|icon\.[\da-f]{16}\.svg)$/)
      const { statusCode, headers } = await get(path)
      assert.deepEqual([statusCode, headers['cache-control']], [200, 'public, max-age=31536000, immutable'])
      assert.match(String(headers['content-type']), path.endsWith('css') ? /^text\/css/ : /^image\/svg\+xml/)
    }
  }
  assert.deepEqual((await get('/assets/style.0000000000000000.css')).headers['cache-control'], 'no-store')
})

test('style sheets, pages and the description of the routes go out compressed to those who accept it; answers of the APIs do not', async () => {
  const headers = { accept: 'text/html', authorization: hub.adminKey }
  const plain = await get('/', headers)
  assert.equal(plain.headers['content-encoding'], undefined)
  const path = /href="([^"]+css)"/.exec(plain.body)?.[1] ?? ''
  for (const [url, encoding, unpack] of [
    ['/', 'gzip', gunzipSync],
    ['/', 'br', brotliDecompressSync],
    [path, 'br', brotliDecompressSync],
    ['/openapi.json', 'br', brotliDecompressSync],
  ] as const) {
    const packed = await get(url, { ...headers, 'accept-encoding': encoding })
    assert.equal(packed.headers['content-encoding'], encoding)
    assert.match(String(packed.headers['vary']), /accept-encoding/)
    assert.equal(unpack(packed.rawPayload).toString(), (await get(url, headers)).body)
  }
  const api = await get('/api/3/action/package_search', { 'accept-encoding': 'gzip, br', authorization: hub.adminKey })
  assert.deepEqual([api.statusCode, api.headers['content-encoding']], [200, undefined])
})

/** The relative luminance of a colour `#rrggbb` (WCAG 2.2). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (high + 0.05) / (low + 0.05)
}

test('texts have a contrast of at least 4.5, borders of fields of 3, in light, in dark, and where more is wanted', async () => {
  const css = await readFile(new URL('./style.css', import.meta.url), 'utf8')
  const blocks = [...css.matchAll(/:root \{([^}]*)\}/g)]
  assert.equal(blocks.length, 2)
  for (const [at, block] of blocks.entries()) {
    for (const scheme of [0, 1]) {
      const colours = new Map(
        [...String(block[1]).matchAll(/--(\w+): light-dark\((#\w{6}), (#\w{6})\)/g)].map((one) => [one[1], one[2 + scheme] ?? '']),
      )
      const of = (name: string) => colours.get(name) ?? assert.fail(`no colour ${name}`)
      const least = (names: string[], ground: string, wanted: number) => {
        for (const name of names) assert.ok(contrast(of(name), of(ground)) >= wanted, `${name} on ${ground}, block ${at}, scheme ${scheme}`)
      }
      least(['text', 'quiet', 'accent', 'alert'], 'ground', at === 0 ? 4.5 : 7)
      least(['text', 'quiet'], 'soft', 4.5)
      least(['edge'], 'ground', 3)
    }
  }
})

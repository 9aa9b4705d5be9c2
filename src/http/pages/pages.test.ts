import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startHub } from '../../../test/hub.ts'
import { prefersHtml } from './accept.ts'

const hub = await startHub({ MILLRACE_SITE_TITLE: '<Hub>' }, { http: true, workers: false })
after(() => hub.close())

test('the root is JSON for programs and a page for browsers', async () => {
  const json = await hub.http.inject('/')
  assert.equal(typeof json.json().help, 'string')
  const page = await hub.http.inject({ url: '/', headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } })
  assert.match(String(page.headers['content-type']), /text\/html/)
  assert.match(page.body, /&lt;Hub&gt;/)
})

test('JSON unless HTML is preferred', () => {
  const cases: [string | undefined, boolean][] = [
    [undefined, false],
    ['*/*', false],
    ['application/json', false],
    ['text/html', true],
    ['text/html;q=0.5, application/json', false],
    ['application/json;q=0.5, text/html', true],
    ['text/html;q=0', false],
  ]
  for (const [accept, wanted] of cases) assert.equal(prefersHtml(accept), wanted, accept)
})

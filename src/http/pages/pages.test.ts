import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'
import { addUser } from '../../auth/user.ts'
import { prefersHtml } from './accept.ts'

const hub = await startHub({ MILLRACE_SITE_TITLE: '<Hub>' }, { http: true, workers: false })
after(() => hub.close())
const maria = (await addUser(hub.app.base, { name: 'maria', password: 'secret-word' })).apiKey

const accept = 'text/html,application/xhtml+xml,*/*;q=0.8'

/** A page as a browser gets it. */
async function page(url: string, key?: string): Promise<{ status: number; html: string; policy: string }> {
  const answer = await fetch(hub.url + url, { headers: { accept, ...(key === undefined ? {} : { authorization: key }) }, redirect: 'manual' })
  assert.match(answer.headers.get('content-type') ?? '', /^text\/html/, url)
  return { status: answer.status, html: await answer.text(), policy: answer.headers.get('content-security-policy') ?? '' }
}

const evil = '<script>alert(1)</script>'

await resultOf(hub, 'group_create', { body: { name: 'air', title: 'Air & "wind"' }, key: maria })
await resultOf(hub, 'package_create', {
  body: {
    name: 'levels',
    title: `Levels ${evil}`,
    notes: `## Rivers\n\n${evil} and [bad](javascript:alert(1)), see <https://a.example>.`,
    license_id: 'cc-by',
    groups: ['air'],
    tags: ['two words', 'Größe'],
    extras: [{ key: evil, value: `${evil} https://b.example/x?a=1&b=2` }],
    resources: [
      { url: 'http://a.example/levels.csv?x=1', format: 'CSV', size: 210_000, description: evil },
      { url: `javascript:alert('"')`, name: evil },
    ],
  },
  key: maria,
})
for (let at = 0; at < 25; at++) await resultOf(hub, 'package_create', { body: { name: `many-${at}`, notes: 'crowd' }, key: maria })
await resultOf(hub, 'package_create', { body: { name: 'gone' }, key: maria })
await resultOf(hub, 'package_delete', { body: { id: 'gone' }, key: maria })

test('the root is JSON for programs and a page for browsers', async () => {
  const json = await hub.http.inject('/')
  assert.equal(typeof json.json().help, 'string')
  const { html } = await page('/')
  assert.match(html, /<h1>&lt;Hub&gt;<\/h1>/)
  assert.match(html, /26 datasets/)
  assert.match(html, /href="\/dataset\/many-24"/)
  assert.match(html, /q=groups%3Aair">Air &amp; &quot;wind&quot;<\/a><span class="quiet">1</)
})

test('a dataset has a page, where ckan_url leads to, and is JSON for programs', async () => {
  const flat = await resultOf<{ ckan_url: string }>(hub, 'package_show_rest', { body: { id: 'levels' } })
  const { html, status } = await page(flat.ckan_url.slice(hub.url.length))
  assert.equal(status, 200)
  for (const part of [
    /<h2>Rivers<\/h2>/,
    />levels\.csv</,
    /205\.1 KiB/,
    /Creative Commons Attribution/,
    /href="https:\/\/b\.example\/x\?a=1&amp;b=2"/,
  ])
    assert.match(html, part)
  const program = await fetch(flat.ckan_url)
  assert.deepEqual(await program.json(), await resultOf(hub, 'package_show', { body: { id: 'levels' } }))
})

test('nothing that people write runs on a page', async () => {
  for (const url of ['/', '/dataset', `/dataset?q=${encodeURIComponent(evil)}`, '/dataset/levels', `/dataset/${encodeURIComponent(evil)}`]) {
    const { html, policy } = await page(url)
    assert.doesNotMatch(html, /<script|href="javascript:/i, url)
    assert.match(policy, /default-src 'none'/)
  }
})

test('the search page lists, pages and narrows', async () => {
  const first = await page('/dataset?q=crowd')
  assert.match(first.html, /<h1>25 datasets<\/h1>/)
  assert.equal(first.html.match(/href="\/dataset\/many-/g)?.length, 20)
  assert.match(first.html, /rel="next" href="\/dataset\?q=crowd&amp;page=2"/)
  const second = await page('/dataset?q=crowd&page=2')
  assert.equal(second.html.match(/href="\/dataset\/many-/g)?.length, 5)
  assert.match(second.html, /rel="prev" href="\/dataset\?q=crowd"/)
  const { html } = await page('/dataset?q=rivers')
  const narrower = [...html.matchAll(/<li><a href="(\/dataset\?q=[^"]*)">/g)].map((found) => String(found[1]).replaceAll('&amp;', '&'))
  assert.ok(narrower.length >= 5, html)
  for (const url of narrower) assert.match((await page(url)).html, /<h1>One dataset<\/h1>/, url)
})

test('what cannot be shown is told on a page, with the status of it', async () => {
  const missing = await page('/dataset/not-there')
  assert.equal(missing.status, 404)
  assert.match(missing.html, /There is nothing here/)
  const hidden = await page('/dataset/gone')
  assert.equal(hidden.status, 403)
  assert.match(hidden.html, /href="\/login\?next=%2Fdataset%2Fgone"/)
  const own = await page('/dataset/gone', maria)
  assert.equal(own.status, 200)
  assert.match(own.html, /maria · <form method="post" action="\/logout\?next=\/">/)
  assert.match((await page('/dataset?q=(open')).html, /role="alert"/)
  const program = await fetch(`${hub.url}/dataset/not-there`)
  assert.deepEqual([program.status, await program.json()], [404, { error: 'dataset not found: not-there' }])
})

test('a hub that is closed to the public shows nobody its pages', async () => {
  const closed = await startHub({ MILLRACE_PUBLIC_READ: '0' }, { http: true, workers: false })
  try {
    for (const url of ['/', '/dataset', '/dataset/x']) assert.equal((await fetch(closed.url + url, { headers: { accept } })).status, 403)
    assert.equal((await fetch(`${closed.url}/dataset`, { headers: { accept, authorization: closed.adminKey } })).status, 200)
  } finally {
    await closed.close()
  }
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
  for (const [header, wanted] of cases) assert.equal(prefersHtml(header), wanted, header)
})

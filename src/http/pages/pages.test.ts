import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'
import { addUser } from '../../auth/user.ts'

const hub = await startHub({ MILLRACE_SITE_TITLE: '<Hub>' }, { http: true, workers: false })
after(() => hub.close())
const maria = (await addUser(hub.app.base, { name: 'maria', password: 'secret-word' })).apiKey
const nora = (await addUser(hub.app.base, { name: 'nora', password: 'secret-word' })).apiKey

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
    notes: `# Rivers\n\n${evil} and [bad](javascript:alert(1)), see <https://a.example>.`,
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
const flowExtras = { source_flow_id: 'a/made/1', findability: 'unlisted', count_of_rows: '18204', bytes: '2400000', rhythm: 'daily' }
const flowFiles = ['validation_report JSON', 'trees_csv CSV', 'trees_json JSON', 'trees CSV', 'trees_csv_preview JSON', 'made_zip ZIP']
await resultOf(hub, 'package_create', {
  body: {
    name: 'made',
    extras: Object.entries(flowExtras).map(([key, value]) => ({ key, value })),
    resources: flowFiles.map((text) => text.split(' ')).map(([name, format]) => ({ name, format, url: `http://a.example/${name}` })),
  },
  key: maria,
})
for (const [name, title, isPrivate] of [
  ['city', 'City of <X>', false],
  ['closed', 'Secret works', true],
] as const) {
  await resultOf(hub, 'organization_create', { body: { name, title }, key: hub.adminKey })
  await resultOf(hub, 'package_create', { body: { name: `budget-${name}`, owner_org: name, private: isPrivate }, key: hub.adminKey })
}
await resultOf(hub, 'package_create', { body: { name: 'own-hash', extras: [{ key: 'hash', value: 'of browns' }] }, key: maria })
const pictures = '# Maps\n\n![The *map*](http://a.example/map.png) and [![](http://b.example/x.png)](http://b.example)'
await resultOf(hub, 'package_create', { body: { name: 'pictures', notes: pictures, state: 'active' }, key: maria })
await resultOf(hub, 'package_create', { body: { name: 'gone' }, key: maria })
await resultOf(hub, 'package_delete', { body: { id: 'gone' }, key: maria })

test('the root is JSON for programs and a page for browsers', async () => {
  const json = await hub.http.inject('/')
  assert.equal(typeof json.json().help, 'string')
  const { html } = await page('/')
  assert.match(html, /<h1>&lt;Hub&gt;<\/h1>/)
  assert.match(html, /30 datasets/)
  assert.match(html, /href="\/dataset\/many-24"/)
  assert.match(html, /\?groups=air">Air &amp; &quot;wind&quot;<\/a><span class="quiet">1</)
  assert.doesNotMatch(html, /href="\/(?!dataset|login|assets|")/, 'no link leads to raw JSON')
})

test('a dataset has a page, where ckan_url leads to, and is JSON for programs', async () => {
  const flat = await resultOf<{ ckan_url: string }>(hub, 'package_show_rest', { body: { id: 'levels' } })
  const { html, status } = await page(flat.ckan_url.slice(hub.url.length))
  assert.equal(status, 200)
  for (const part of [
    /<h2>Rivers<\/h2>/,
    />levels\.csv</,
    />210 kB</,
    /Creative Commons Attribution/,
    /href="https:\/\/b\.example\/x\?a=1&amp;b=2"/,
    /href="\/dataset\?tags=two\+words"/,
  ])
    assert.match(html, part)
  assert.equal(html.match(/<h1/g)?.length, 1)
  const program = await fetch(flat.ckan_url)
  assert.deepEqual(await program.json(), await resultOf(hub, 'package_show', { body: { id: 'levels' } }))
})

test('the data that a flow has made come first, and what it says of itself has plain names', async () => {
  const { html } = await page('/dataset/made')
  const [first = '', second = '', third = ''] = html.split('<details>')
  const names = (part: string) => [...part.matchAll(/rel="nofollow">([^<]*)<\/a><\/td><td>(\w+)</g)].map(([, name, format]) => `${name} ${format}`)
  assert.deepEqual(names(first), ['trees CSV', 'trees JSON'])
  assert.deepEqual(names(second), ['Validation report JSON', 'trees as received CSV', 'Preview of trees JSON', 'All files in one ZIP ZIP'])
  assert.doesNotMatch(html, /findability|source_flow_id|count_of_rows/)
  for (const text of ['Visibility</th><td>unlisted', 'Rows in all tables</th><td>18,204', 'Size of all files</th><td>2.4 MB'])
    assert.ok(third.includes(text), text)
  assert.match(second, /rhythm<\/th><td>daily/)
})

test('extras that only share a name with those of flows stay as their publisher wrote them', async () => {
  assert.match((await page('/dataset/own-hash')).html, /hash<\/th><td>of browns/)
})

test('images in notes are links, since pages load nothing from other hosts', async () => {
  const { html, policy } = await page('/dataset/pictures')
  assert.doesNotMatch(html, /<img/)
  assert.match(html, /<a href="http:\/\/a\.example\/map\.png">Image: The map<\/a>/)
  assert.match(html, /<a href="http:\/\/b\.example">Image: no description<\/a>/)
  assert.equal(policy, "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
})

test('the search page lists and pages', async () => {
  const first = await page('/dataset?q=crowd')
  assert.match(first.html, /<h1>25 datasets<\/h1>/)
  assert.equal(first.html.match(/href="\/dataset\/many-/g)?.length, 20)
  assert.match(first.html, /rel="next" href="\/dataset\?q=crowd&amp;page=2">Next</)
  const second = await page('/dataset?q=crowd&page=2')
  assert.equal(second.html.match(/href="\/dataset\/many-/g)?.length, 5)
  assert.match(second.html, /rel="prev" href="\/dataset\?q=crowd">Previous</)
  const beyond = await page('/dataset?q=crowd&page=99')
  assert.equal(beyond.status, 404)
  assert.match(beyond.html, /<h1>There is no page 99<\/h1>/)
  assert.match(beyond.html, /href="\/dataset\?q=crowd&amp;page=2">Go to the last page, 2</)
  const none = await page('/dataset?q=nothinglikethis')
  assert.equal(none.status, 200)
  assert.match(none.html, /No datasets found/)
})

/** The links of a part of a page. */
const linksOf = (html: string, tag: string) =>
  [...(html.split(`<${tag}`)[1]?.split(`</${tag.split(' ')[0]}>`)[0] ?? '').matchAll(/href="([^"]*)"/g)].map((found) =>
    String(found[1]).replaceAll('&amp;', '&'),
  )

test('a search is narrowed by values, and each of them is removed again', async () => {
  const { html } = await page('/dataset?q=rivers')
  const narrower = linksOf(html, 'aside')
  assert.deepEqual(narrower, [
    '/dataset?q=rivers&groups=air',
    '/dataset?q=rivers&res_format=CSV',
    '/dataset?q=rivers&tags=Gr%C3%B6%C3%9Fe',
    '/dataset?q=rivers&tags=two+words',
    '/dataset?q=rivers&license_id=cc-by',
  ])
  for (const url of narrower) assert.match((await page(url)).html, /<h1>1 dataset<\/h1>/, url)
  const chosen = (await page('/dataset?q=rivers&groups=air&res_format=CSV&res_format=CSV')).html
  assert.match(chosen, /name="q" value="rivers"/)
  assert.match(chosen, /<input type="hidden" name="groups" value="air"><input type="hidden" name="res_format" value="CSV">/)
  assert.deepEqual(linksOf(chosen, 'ul class="chips"'), ['/dataset?q=rivers&res_format=CSV', '/dataset?q=rivers&groups=air', '/dataset?q=rivers'])
  assert.match(chosen, /aria-label="Remove filter Air &amp; &quot;wind&quot;"/)
  assert.ok(linksOf(chosen, 'aside').every((url) => new URL(url, hub.url).searchParams.getAll('res_format').length === 1))
  assert.equal(linksOf(chosen, 'aside').length, 3, 'what is chosen is not offered again')
  assert.match((await page('/dataset?q=rivers&tags=none')).html, /No datasets found/)
})

test('organizations narrow a search under their titles, and a title shows only where there is something to see', async () => {
  const narrowed = (await page('/dataset?organization=city')).html
  assert.match(narrowed, /<h1>1 dataset<\/h1>/)
  assert.match(narrowed, /aria-label="Remove filter City of &lt;X&gt;"/)
  assert.deepEqual(linksOf((await page('/dataset?q=budget')).html, 'aside'), ['/dataset?q=budget&organization=city'])
  const hidden = (await page('/dataset?organization=closed')).html
  assert.match(hidden, /aria-label="Remove filter closed"/)
  assert.match((await page('/dataset?organization=closed', hub.adminKey)).html, /aria-label="Remove filter Secret works"/)
})

test('programs are led to the same search', async () => {
  const answer = await fetch(`${hub.url}/dataset?q=rivers&tags=two+words&groups=air`)
  const { result } = (await answer.json()) as { result: { count: number } }
  assert.equal(result.count, 1)
  const url = new URL(answer.url)
  assert.equal(url.searchParams.get('fq'), 'groups:"air" tags:"two words"')
  const hostile = await fetch(`${hub.url}/dataset?tags=${encodeURIComponent('a" OR "b\\')}`)
  assert.equal(((await hostile.json()) as { result: { count: number } }).result.count, 0)
})

test('an address that cannot be answered gets a page that says why, with the status of it and a way home', async () => {
  for (const [url, status, text] of [
    ['/dataset/not-there', 404, /Dataset not found: not-there\./],
    ['/nowhere', 404, /Page not found/],
    ['/dataset?page=0', 400, /Page must be a whole number from 1 to/],
    [`/dataset?${[...Array(51)].map((_, no) => `groups=${no}`).join('&')}`, 400, /at most 50 are allowed/],
    ['/dataset?colour=red', 400, /Unknown query parameter colour; the parameters here are q, page/],
  ] as const) {
    const answer = await page(url)
    assert.equal(answer.status, status, url)
    assert.match(answer.html, text)
    assert.match(answer.html, /<main>[\s\S]*href="\/"[\s\S]*<\/main>/)
  }
  const hidden = await page('/dataset/gone')
  assert.equal(hidden.status, 403)
  assert.match(hidden.html, /<main>[\s\S]*href="\/login\?next=%2Fdataset%2Fgone"[\s\S]*<\/main>/)
  const stranger = await page('/dataset/gone', nora)
  assert.equal(stranger.status, 403)
  assert.match(stranger.html, /You are logged in as nora/)
  const own = await page('/dataset/gone', maria)
  assert.equal(own.status, 200)
  assert.match(own.html, /maria<\/span><form method="post" action="\/logout\?next=\/">/)
  assert.match((await page('/dataset?q=(open')).html, /<h1>Invalid search<\/h1>[\s\S]*role="alert"/)
})

test('programs get the same errors as JSON', async () => {
  const missing = await fetch(`${hub.url}/dataset/not-there`)
  assert.deepEqual([missing.status, await missing.json()], [404, { error: 'dataset not found: not-there' }])
  const nowhere = await fetch(`${hub.url}/nowhere`)
  assert.deepEqual([nowhere.status, await nowhere.json()], [404, { error: 'there is nothing here' }])
})

test('a hub that is closed to the public shows its pages to its users only', async () => {
  const closed = await startHub({ MILLRACE_PUBLIC_READ: '0' }, { http: true, workers: false })
  try {
    for (const url of ['/', '/dataset', '/dataset/x']) assert.equal((await fetch(closed.url + url, { headers: { accept } })).status, 403)
    assert.equal((await fetch(`${closed.url}/dataset`, { headers: { accept, authorization: closed.adminKey } })).status, 200)
  } finally {
    await closed.close()
  }
})

test('browsers get a page, everybody else JSON', async () => {
  const cases: [string | undefined, boolean][] = [
    [undefined, false],
    ['', false],
    ['*/*', false],
    ['image/png', false],
    ['application/json', false],
    ['text/html', true],
    ['TEXT/HTML', true],
    [accept, true],
    ['text/html;q=0.5, application/json', false],
    ['text/html;q=0.5, */*', false],
    ['application/json;q=0.5, text/html', true],
    ['text/html, application/json;q=0.9', true],
    ['text/html;q=0', false],
  ]
  for (const [header, isPage] of cases) {
    const answer = await hub.http.inject({ url: '/', headers: header === undefined ? {} : { accept: header } })
    assert.equal(String(answer.headers['content-type']).startsWith('text/html'), isPage, header)
    assert.equal(answer.headers['vary'], 'accept, cookie, authorization')
  }
})

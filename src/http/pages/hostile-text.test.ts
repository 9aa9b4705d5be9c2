import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Actor, anonymous } from '../../context.ts'
import { datasetPage } from './dataset-page.ts'
import { faultPage } from './fault-page.ts'
import { loginPage } from './login-page.ts'
import { searchPage } from './search-page.ts'
import { startPage } from './start-page.ts'

/** Ends elements and attributes of every kind, if it is not escaped. */
const hostile = `</title></textarea>"'><script>alert(1)</script><img src=x onerror=alert(1)>&lt;`
const escaped = '&lt;/title&gt;&lt;/textarea&gt;&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&amp;lt;'

/** Every page, with the same text in every field that somebody writes. */
function pagesWith(text: string): Record<string, string> {
  const user: Actor = { kind: 'user', id: text, name: text, sysadmin: false }
  const frame = { config: { siteTitle: text }, actor: user, path: `/${text}` }
  const visitor = { ...frame, actor: anonymous }
  const resource = { url: text, name: text, description: text, format: text, size: text }
  const flowFile = (name: string) => ({ ...resource, name: `${text}${name}` })
  const dataset = {
    ...{ id: text, name: text, title: text, notes: `# ${text}\n\n${text}`, url: text, version: text, author: text, maintainer: text },
    ...{ license_title: text, license_url: text, state: text, private: true, metadata_created: text, metadata_modified: text },
    organization: { name: text, title: text },
    groups: [{ name: text, display_name: text }],
    tags: [{ name: text }],
    extras: [{ key: text, value: text }],
    resources: [resource, { ...resource, name: null }],
  }
  const extras = ['source_flow_id', 'source_revision', 'findability', 'count_of_rows', 'bytes', 'hash'].map((key) => ({ key, value: text }))
  const resources = ['', '_csv', '_csv_preview', '_zip'].map(flowFile)
  const listed = { name: text, title: text, notes: text, isPrivate: true, formats: [text] }
  const found = {
    ...{ query: text, page: 2, pageSize: 1, count: 3, datasets: [listed], titleOf: () => text },
    choices: (['tags', 'groups'] as const).map((field) => ({ field, value: text })),
    facets: [{ field: 'organization' as const, counts: [{ value: text, count: 2 }] }],
  }
  const faults = [400, 401, 403, 404, 500].flatMap((status) => [frame, visitor].map((one) => faultPage(one, { status, message: text })))
  const groups = [{ group: { name: text, title: text }, count: 1 }] as unknown as Parameters<typeof startPage>[1]['groups']
  const pages = {
    dataset: datasetPage(frame, dataset),
    'dataset of a flow': datasetPage(visitor, { ...dataset, extras, resources }),
    search: searchPage(frame, found),
    'page beyond the end': searchPage(frame, { ...found, page: 9 }),
    'invalid search': searchPage(frame, { ...found, fault: text }),
    start: startPage(visitor, { siteUrl: text, count: 1, latest: [listed], groups }),
    login: loginPage(visitor, { alert: text, target: text }),
    ...Object.fromEntries(faults.map((fault, no) => [`fault ${no}`, fault])),
  }
  return Object.fromEntries(Object.entries(pages).map(([name, page]) => [name, String(page)]))
}

/** The elements of a page in their order, with the names of their attributes. */
const structureOf = (html: string) => [...html.matchAll(/<[^>"]*(?:"[^"]*"[^>"]*)*>/g)].map(([tag]) => tag.replace(/="[^"]*"/g, ''))

test('a text in any field of a page adds no element and no attribute to it', () => {
  const harmless = pagesWith('word')
  for (const [name, html] of Object.entries(pagesWith(hostile))) {
    assert.deepEqual(structureOf(html), structureOf(harmless[name] ?? ''), name)
    assert.doesNotMatch(html, /<script|<img/, name)
    assert.ok(html.includes(escaped), name)
  }
})

test('an address that runs a script is text, not a link', () => {
  for (const [name, html] of Object.entries(pagesWith('javascript:alert(1)'))) assert.doesNotMatch(html, /(?:href|src|action)="\s*javascript:/i, name)
})

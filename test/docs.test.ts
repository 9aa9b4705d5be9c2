import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { settings } from '../src/config.ts'

const root = dirname(import.meta.dirname)
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: root })]
const manifest = JSON.parse(read('package.json'))

/** The first cells of all table rows of a page that hold one name in backticks. */
const namesInTables = (page: string) => [...read(page).matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '')

/** The anchors that the headings of a page make. */
function anchorsOf(page: string): Set<string> {
  const headings = [...read(page).matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '')
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\- ]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

test('links inside the docs lead to a page, and to a heading of it', () => {
  const broken: string[] = []
  for (const page of pages) {
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? page : join(dirname(page), path)
      if (!existsSync(join(root, file)) || (anchor !== undefined && !anchorsOf(file).has(anchor))) broken.push(`${page}: ${target}`)
    }
  }
  assert.deepEqual(broken, [])
})

test('every page of docs/ can be reached from its front page', () => {
  const seen = new Set<string>()
  const visit = (page: string) => {
    if (seen.has(page)) return
    seen.add(page)
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)#\s:]+\.md)/g)) visit(join(dirname(page), target))
  }
  visit('docs/README.md')
  assert.deepEqual(
    pages.filter((page) => page.startsWith('docs/') && !seen.has(page)),
    [],
  )
})

test('the settings page has every setting and no other', () => {
  assert.deepEqual(
    namesInTables('docs/reference/settings.md'),
    Object.values(settings).map((one) => one.name),
  )
})

test('every setting that a page speaks of exists', () => {
  const known = new Set<string>(Object.values(settings).map((one) => one.name))
  const strange = pages.flatMap((page) =>
    [...read(page).matchAll(/\bMILLRACE_[A-Z_]+\b/g)]
      .map(([name]) => name)
      .filter((name) => name !== 'MILLRACE_' && !known.has(name))
      .map((name) => `${page}: ${name}`),
  )
  assert.deepEqual(strange, [])
})

test('the page of dependencies gives a reason for each current dependency and no other', () => {
  const listed = namesInTables('docs/decisions/dependencies.md')
  const wanted = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((kind) => Object.keys(manifest[kind] ?? {}).sort())
  assert.deepEqual(listed, wanted)
})

test('dependencies have exact versions', () => {
  for (const kind of ['dependencies', 'optionalDependencies', 'devDependencies']) {
    for (const [name, version] of Object.entries<string>(manifest[kind] ?? {})) assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name)
  }
})

test('the errors page has every code and no other', () => {
  const union = /type ErrorCode = ([^\n]+)/.exec(read('src/base/errors.ts'))?.[1] ?? ''
  const codes = [...union.matchAll(/'([a-z_]+)'/g)].map((match) => match[1])
  assert.ok(codes.length > 0)
  assert.deepEqual(namesInTables('docs/reference/errors.md'), codes)
})

test('every current command of package.json is documented, and no other', () => {
  const explained = new Set([...read('CONTRIBUTING.md').matchAll(/`npm (?:run )?([a-z:]+)[^`]*`/g)].map((match) => match[1] ?? ''))
  const own = ['ci', 'run', 'i']
  const scripts = Object.keys(manifest.scripts)
  assert.deepEqual(
    scripts.filter((name) => !explained.has(name)),
    [],
  )
  assert.deepEqual(
    [...explained].filter((name) => !own.includes(name) && !scripts.includes(name)),
    [],
  )
})

test('a page names no path of the repository that does not exist', () => {
  const missing = pages.flatMap((page) =>
    [...read(page).matchAll(/`((?:src|test|scripts|client|bench|docs)\/[\w./-]*\w)`/g)]
      .map((match) => match[1] ?? '')
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${page}: ${path}`),
  )
  assert.deepEqual(missing, [])
})

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { buildPackages } from './package-files.ts'
import { root } from './test-files.ts'

const out = join(root, 'dist', `test-${process.pid}`)
after(() => rmSync(out, { recursive: true, force: true }))
buildPackages(out)

const readManifest = (name: string) => JSON.parse(readFileSync(join(out, name, 'package.json'), 'utf8'))
const listFiles = (name: string) => globSync('**/*', { cwd: join(out, name), withFileTypes: true }).filter((one) => one.isFile())

function fingerprint(): string {
  const hash = createHash('sha256')
  for (const file of globSync('**/*.*', { cwd: out }).sort()) hash.update(file).update(readFileSync(join(out, file)))
  return hash.digest('hex')
}

/** Names of packages that the JavaScript of a package imports. */
function importsOf(name: string): Set<string> {
  const sources = listFiles(name).filter((one) => one.name.endsWith('.js'))
  const text = sources.map((one) => readFileSync(join(one.parentPath, one.name), 'utf8')).join('\n')
  const specifiers = [...text.matchAll(/^(?:import|export)\s(?:[^'"]*?from\s*)?['"]([^'"]+)['"]/gm)].map((match) => match[1] ?? '')
  return new Set(specifiers.filter((one) => !one.startsWith('.') && !isBuiltin(one)).map((one) => /^(@[^/]+\/)?[^/]+/.exec(one)?.[0] ?? one))
}

test('the packed manifest has no Node binary and no development fields, and may be published', () => {
  const packed = spawnSync('npm', ['pack', '--dry-run', '--json', '--loglevel=error'], { cwd: join(out, 'millrace'), encoding: 'utf8' })
  const [{ files }] = JSON.parse(packed.stdout)
  assert.ok(files.some((file: { path: string }) => file.path === 'bin/millrace.js'))
  for (const name of ['millrace', 'client']) {
    const manifest = readManifest(name)
    for (const key of ['optionalDependencies', 'devDependencies', 'workspaces', 'private', 'scripts']) assert.equal(manifest[key], undefined, key)
    assert.deepEqual(
      Object.keys(manifest.dependencies ?? {}).filter((one) => /^node-/.test(one)),
      [],
    )
  }
  assert.equal(readManifest('millrace').engines.node, JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node)
})

test('packages have JavaScript, declarations, texts and the files of pages, but no sources and no tests', () => {
  for (const name of ['millrace', 'client']) {
    const strange = listFiles(name).filter(
      (one) => !/\.(js|d\.ts|json|md|css|svg)$|^LICENSE$/.test(one.name) || /\.test\.|testing/.test(join(one.parentPath, one.name)),
    )
    assert.deepEqual(strange, [])
    assert.ok(listFiles(name).some((one) => one.name === 'LICENSE'))
  }
})

test('the imports of a package are among its dependencies; the client has none', () => {
  const listed = Object.keys(readManifest('millrace').dependencies)
  assert.deepEqual(
    [...importsOf('millrace')].filter((one) => !listed.includes(one)),
    [],
  )
  assert.deepEqual([...importsOf('client'), ...Object.keys(readManifest('client').dependencies ?? {})], [])
})

test('every file that an entry of a manifest names exists', () => {
  const millrace = readManifest('millrace')
  const client = readManifest('client')
  assert.ok(listFiles('millrace').some((one) => join(one.parentPath, one.name) === join(out, 'millrace', millrace.bin.millrace)))
  for (const target of Object.values<string>(client.exports)) {
    assert.ok(
      listFiles('client').some((one) => join(one.parentPath, one.name) === join(out, 'client', target)),
      target,
    )
  }
})

test('every file that is started or read by URL is in the package', () => {
  const named = listFiles('millrace')
    .filter((one) => one.name.endsWith('.js'))
    .flatMap((one) => {
      const text = readFileSync(join(one.parentPath, one.name), 'utf8')
      return [...text.matchAll(/new URL\(\s*['"`]([^'"`]+)['"`],\s*import\.meta\.url/g)].map((match) => join(one.parentPath, match[1] ?? ''))
    })
  assert.deepEqual(
    named.filter((path) => !existsSync(path)),
    [],
  )
})

test('the published program runs', () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(out, 'millrace/bin/millrace.js'), 'serve', '--help'], { encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
  assert.match(stdout, /MILLRACE_DATA_DIR/)
})

test('the published program runs a function in TypeScript from a folder without packages', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-published-'))
  const module = `import { defineJob, type JobContext } from 'millrace/jobs'
    export const twice = defineJob({ name: 'twice', mode: 'sync', run: (ctx: JobContext): number => 2 * Number(ctx.data) })`
  writeFileSync(join(folder, 'twice.ts'), module)
  const env = { PATH: process.env['PATH'], PORT: '0', LOG_LEVEL: 'silent', MILLRACE_DATA_DIR: join(folder, 'data'), MILLRACE_JOBS: folder }
  const hub = spawn(process.execPath, [join(out, 'millrace/bin/millrace.js'), 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    let url = ''
    for await (const line of createInterface(hub.stdout)) {
      url = /listens on (\S+)/.exec(line)?.[1] ?? ''
      if (url) break
    }
    const body = JSON.stringify({ job_type: 'twice', data: 21, api_key: 'x' })
    const page = await (await fetch(`${url}/`, { headers: { accept: 'text/html' } })).text()
    const linked = [...page.matchAll(/<link [^>]*href="([^"]+)"/g)]
    assert.equal(linked.length, 2)
    for (const [, path] of linked) assert.equal((await fetch(url + path)).status, 200, path)
    const answer = await fetch(`${url}/job`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    const { data, error } = (await answer.json()) as { data: unknown; error: unknown }
    assert.deepEqual([data, error], [42, null])
  } finally {
    hub.kill('SIGTERM')
    await once(hub, 'exit')
    rmSync(folder, { recursive: true })
  }
})

test('a second build gives the same files', () => {
  const first = fingerprint()
  buildPackages(out)
  assert.equal(fingerprint(), first)
})

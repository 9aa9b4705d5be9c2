import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { root } from '../scripts/test-files.ts'
import { SqliteConnection } from '../src/store/sqlite/connection.ts'
import { SqliteStore } from '../src/store/sqlite/store.ts'
import { buildManifest } from './job-types.ts'
import { sampleResource } from './sample-data.ts'
import { specOf, startSourceHub } from './source-hub.ts'
import { leg } from './store.ts'

// The files from the handler of a route to its first statement are those that the architecture page lists. Stacks are read on SQLite; the
// files are the same on PostgreSQL.

/** Stacks at which the running code entered the store: a write of SQLite runs behind a queue, which its stack does not cross. */
const entries = new AsyncLocalStorage<string>()
/** The stack of each statement, from the newest call to the oldest. */
const stacks: string[] = []

function watchStore(): void {
  Error.stackTraceLimit = 200
  for (const name of ['write', 'read'] as const) {
    const original = SqliteStore.prototype[name] as (run: (...args: unknown[]) => unknown) => Promise<unknown>
    const watched = function (this: SqliteStore, run: (...args: unknown[]) => unknown) {
      const entry = `${new Error().stack}${entries.getStore() ?? ''}`
      return original.call(this, (...args) => entries.run(entry, () => run(...args)))
    }
    Object.defineProperty(SqliteStore.prototype, name, { value: watched })
  }
  const execute = SqliteConnection.prototype.executeQuery
  const watched = function (this: SqliteConnection, query: Parameters<typeof execute>[0]) {
    stacks.push(`${new Error().stack}${entries.getStore() ?? ''}`)
    return execute.call(this, query)
  }
  Object.defineProperty(SqliteConnection.prototype, 'executeQuery', { value: watched })
}

/** The files of a stack, the route's first, without the server and the store. */
function filesOf(stack: string): string[] {
  const files = [...stack.matchAll(/\/(src\/[^:)\s]*\.ts)/g)].map((match) => match[1] ?? '')
  return [...new Set(files.filter((file) => !/^src\/(?:http\/server|store)\//.test(file)))].reverse()
}

/** The files that the page lists for a request, in order, and the place of the one that decides. */
function listedFor(request: string): { readonly files: string[]; readonly decidesAt: number } {
  const page = readFileSync(join(root, 'docs/explanation/architecture.md'), 'utf8')
  const part = page.split(`### \`${request}\`\n`)[1]?.split(/^##/m)[0] ?? ''
  const steps = part.split('\n').filter((line) => /^\d\. `src\//.test(line))
  return {
    files: steps.map((step) => /`(src\/[^`]+)`/.exec(step)?.[1] ?? ''),
    decidesAt: steps.findIndex((step) => step.includes('**decides**')) + 1,
  }
}

test('the way from a route to its first statement is short, and the architecture page walks it', { skip: leg !== 'sqlite' }, async (t) => {
  const at = await startSourceHub()
  after(() => at.close())
  watchStore()
  const { hub, mona } = at
  const bodies: Readonly<Record<string, readonly [path: string, body: unknown]>> = {
    package_create: ['/api/3/action/package_create', { name: 'walked', resources: [{ url: 'http://data.example/walked.csv' }] }],
    package_search: ['/api/3/action/package_search', { q: 'walked', 'facet.field': ['tags'] }],
    'POST /job': ['/job', { job_type: 'check_links', api_key: 'own key', data: { id: 'walked' } }],
    'POST /v6/job-types': ['/v6/job-types/', { docker_image: 'x:1', manifest: buildManifest({ name: 'walked' }) }],
    'POST /source/upload': ['/source/upload', specOf(mona, 'walked', [sampleResource('airports')])],
  }
  for (const [request, [path, body]] of Object.entries(bodies)) {
    await t.test(request, async () => {
      stacks.length = 0
      const headers = { 'content-type': 'application/json', authorization: hub.adminKey, 'auth-token': mona.token }
      const answer = await fetch(hub.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
      assert.ok(answer.ok, await answer.text())
      const [way = []] = stacks.map(filesOf).filter(([first]) => first?.startsWith('src/http/'))
      const { files, decidesAt } = listedFor(request)
      assert.ok(way.length > 1, 'no statement of the route was seen')
      assert.deepEqual(way, files)
      assert.ok(files.length <= 5, `${files.length} files`)
      assert.ok(decidesAt > 0 && decidesAt <= 4, 'one of the first four files decides')
    })
  }
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

const folder = mkdtempSync(join(tmpdir(), 'millrace-launch-'))
after(() => rmSync(folder, { recursive: true }))

/** A separate project with the launcher that requires Node `engines`; `brought` takes the place of the optional dependency. */
function makeProject(name: string, engines: string, brought?: string): string {
  const project = join(folder, name)
  mkdirSync(join(project, 'scripts'), { recursive: true })
  copyFileSync(join(import.meta.dirname, 'launch.js'), join(project, 'scripts', 'launch.js'))
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module', engines: { node: engines } }))
  writeFileSync(
    join(project, 'show.ts'),
    `const args: string[] = process.argv.slice(2)\nconsole.log(process.version, ...args)\nprocess.exitCode = 3\n`,
  )
  if (brought !== undefined) {
    const dependency = join(project, 'node_modules', `node-${process.platform}-${process.arch}`)
    mkdirSync(join(dependency, 'bin'), { recursive: true })
    writeFileSync(join(dependency, 'package.json'), '{}')
    writeFileSync(join(dependency, 'bin', 'node'), brought)
    chmodSync(join(dependency, 'bin', 'node'), 0o755)
  }
  return project
}

const launch = (project: string, ...args: string[]) => launchBy(project, { nodeArgs: [], args })
const launchBy = (project: string, { nodeArgs, args }: { nodeArgs: string[]; args: string[] }) =>
  spawnSync(process.execPath, [...nodeArgs, join(project, 'scripts', 'launch.js'), ...args], { cwd: folder, encoding: 'utf8' })

test('a Node that satisfies engines runs the file itself, with its arguments and exit code', () => {
  const { stdout, stderr, status } = launch(makeProject('fits', '>=24.15'), 'show.ts', 'serve', '--no-workers')
  assert.deepEqual([stdout, stderr, status], [`${process.version} serve --no-workers\n`, '', 3])
})

test('options before the file are passed to Node', () => {
  const { stdout, stderr, status } = launch(makeProject('options', '>=24.15'), '--no-warnings', 'show.ts', 'serve')
  assert.deepEqual([stdout, stderr, status], [`${process.version} serve\n`, '', 3])
})

test('if Node is too old, the one that npm ci installed runs the file', { skip: process.platform === 'win32' }, () => {
  const project = makeProject('older', '>=99.0', '#!/bin/sh\necho "brought $@"\nexit 4\n')
  const { stdout, stderr, status } = launchBy(project, { nodeArgs: ['--max-semi-space-size=8'], args: ['show.ts', 'serve'] })
  assert.deepEqual([stdout, stderr, status], [`brought --max-semi-space-size=8 ${join(project, 'show.ts')} serve\n`, '', 4])
})

test('without a suitable Node, one line says what to install', () => {
  const { stdout, stderr, status } = launch(makeProject('none', '>=99.0'), 'show.ts')
  assert.deepEqual([stdout, status], ['', 1])
  assert.match(stderr, /^millrace: needs Node\.js 99\.0 or newer, found [\d.]+\. Install it from \S+ and run this again\.\n$/)
})

test('versions are compared by number, part by part', () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const cases: [string, number][] = [
    [`>=${major}.${minor}`, 3],
    [`>=${major}.${minor + 1}`, 1],
    [`>=${major - 1}.999`, 3],
    [`>=${major}.9`, 3],
  ]
  for (const [engines, status] of cases) assert.equal(launch(makeProject(engines.replace('>=', 'v'), engines), 'show.ts').status, status, engines)
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from './test-files.ts'

interface Entry {
  readonly dependencies?: Record<string, string>
  readonly optionalDependencies?: Record<string, string>
  readonly resolved?: string
}

const lock: { packages: Record<string, Entry> } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))

/** Whether npm would find a dependency of the package at `path`: in its own folder, or in one above. */
function hasEntry(path: string, name: string): boolean {
  const levels = path === '' ? [] : path.split('/node_modules/')
  const folders = [...levels.keys(), levels.length].map((depth) => levels.slice(0, depth).join('/node_modules/'))
  return folders.some((folder) => `${folder}/node_modules/${name}`.replace(/^\//, '') in lock.packages)
}

// `npm install` silently leaves out an optional package that its registry does not have; `npm ci` then refuses the lock file, on every machine.
// The remedy is an entry by hand: version, os, cpu and libc as in its siblings.
test('the lock file has an entry for every dependency, those of other platforms too', () => {
  const missing = Object.entries(lock.packages).flatMap(([path, entry]) =>
    Object.entries({ ...entry.dependencies, ...entry.optionalDependencies })
      .filter(([name]) => !hasEntry(path, name))
      .map(([name, version]) => `${name}@${version} of ${path}`),
  )
  assert.deepEqual(missing, [])
})

test('the lock file names no registry', () => {
  const named = Object.values(lock.packages).filter((entry) => /^https?:/.test(entry.resolved ?? ''))
  assert.deepEqual(named, [])
})

import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/** The folder of the repository, absolute. */
export const root = dirname(import.meta.dirname)

const rooms = ['src', 'client', 'test', 'scripts', 'bench']
const harness = ['test/store.ts', 'test/hub.ts']

/** All test files, relative to the root and sorted. Long ones (`*.long.test.ts`) are a separate set. */
export function listTestFiles({ long }: { long: boolean }): string[] {
  return rooms
    .flatMap((room) => globSync(`${room}/**/*.test.ts`, { cwd: root }))
    .filter((file) => !file.split('/').includes('node_modules') && file.endsWith('.long.test.ts') === long)
    .sort()
}

/** The files that the arguments select: a path from the caller's folder, or any part of a path. Throws for an argument that selects no file. */
export function chooseFiles(files: readonly string[], wanted: readonly string[]): string[] {
  if (wanted.length === 0) return [...files]
  const chosen = new Set<string>()
  for (const text of wanted) {
    const path = relative(root, resolve(text))
    const found = files.filter((file) => file === path || file.includes(text))
    if (found.length === 0) throw new Error(`no test file matches ${text}`)
    for (const file of found) chosen.add(file)
  }
  return files.filter((file) => chosen.has(file))
}

/** Whether a test file uses a database: it imports the harness that creates one, directly or through other files. */
export function usesDatabase(file: string): boolean {
  const seen = new Set<string>()
  const waiting = [file]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (harness.includes(next)) return true
    if (seen.has(next)) continue
    seen.add(next)
    waiting.push(...importsOf(next))
  }
  return false
}

function importsOf(file: string): string[] {
  const source = readFileSync(join(root, file), 'utf8')
  return [...source.matchAll(/(?:from|import\()\s*'(\.{1,2}\/[^']+\.ts)'/g)]
    .map((match) => relative(root, resolve(root, dirname(file), match[1] ?? '')))
    .filter((path) => existsSync(join(root, path)))
}

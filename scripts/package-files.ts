import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './test-files.ts'

/** A published package: JavaScript in its own folder. */
interface Published {
  readonly name: 'millrace' | 'client'
  /** Folder of the sources, from the root. */
  readonly sources: string
  /** Folder of the package.json that its manifest is made from, relative to the root. */
  readonly manifest: string
  /** The oldest language version that it must run on. */
  readonly target: 'esnext' | 'es2022'
  readonly bin?: string
}

const packages: readonly Published[] = [
  { name: 'millrace', sources: 'src', manifest: '.', target: 'esnext', bin: 'main.js' },
  { name: 'client', sources: 'client', manifest: 'client', target: 'es2022' },
]

type Manifest = Record<string, unknown>

/** The published parts of a manifest: no development fields, and no Node binaries. */
const kept = ['name', 'version', 'description', 'license', 'type', 'sideEffects', 'engines', 'exports', 'bin', 'dependencies']

/** Writes both packages into folders below `out`, which is inside the repository. Throws with the compiler's output if compiling fails. */
export function buildPackages(out: string): void {
  rmSync(out, { recursive: true, force: true })
  for (const one of packages) {
    const folder = join(out, one.name)
    mkdirSync(folder, { recursive: true })
    compile(one, folder)
    for (const file of globSync('**/*.{css,svg}', { cwd: join(root, one.sources) })) cpSync(join(root, one.sources, file), join(folder, file))
    for (const file of globSync('**/*.js', { cwd: folder })) rewriteUrls(join(folder, file))
    if (one.bin) writeBin(folder, one.bin)
    writeFileSync(join(folder, 'package.json'), `${JSON.stringify(publishedManifest(one), undefined, 2)}\n`)
    for (const file of ['README.md', 'CHANGELOG.md', 'LICENSE']) copyFirst(file, [one.manifest, '.'], folder)
  }
}

function compile({ sources, target }: Published, folder: string): void {
  const config = join(dirname(folder), `${sources}.tsconfig.json`)
  const compilerOptions = {
    noEmit: false,
    noEmitOnError: true,
    rewriteRelativeImportExtensions: true,
    declaration: true,
    target,
    outDir: folder,
  }
  const settings = {
    extends: join(root, 'tsconfig.json'),
    // Other packages of this repository stay packages: their sources are not compiled along.
    compilerOptions: { ...compilerOptions, rootDir: join(root, sources), preserveSymlinks: true },
    include: [join(root, sources)],
    exclude: ['**/*.test.ts', '**/testing/**'].map((pattern) => join(root, sources, pattern)),
  }
  writeFileSync(config, JSON.stringify(settings))
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', config], { encoding: 'utf8' })
  rmSync(config)
  if (status !== 0) throw new Error(`${sources} does not compile:\n${stdout}${stderr}`)
}

/** Rewrites the names of files in strings (child processes and threads that are started by URL); the compiler rewrites only imports. */
function rewriteUrls(path: string): void {
  const text = readFileSync(path, 'utf8')
  const rewritten = text.replaceAll(/(\bnew URL\(\s*)(['"`])([^'"`:]+)\.ts\2/g, '$1$2$3.js$2')
  if (rewritten !== text) writeFileSync(path, rewritten)
}

function writeBin(folder: string, main: string): void {
  mkdirSync(join(folder, 'bin'))
  writeFileSync(join(folder, 'bin/millrace.js'), `#!/usr/bin/env node\nimport '../${main}'\n`, { mode: 0o755 })
}

function publishedManifest({ sources, manifest, bin }: Published): Manifest {
  const source: Manifest = JSON.parse(readFileSync(join(root, manifest, 'package.json'), 'utf8'))
  const own = Object.fromEntries(kept.filter((key) => key in source).map((key) => [key, source[key]]))
  const text = JSON.stringify(own).replaceAll(/"\.\/([^"]+)\.ts"/g, (_match, path: string) => `"./${path.replace(`${sources}/`, '')}.js"`)
  return { ...JSON.parse(text), ...(bin ? { bin: { millrace: 'bin/millrace.js' } } : {}) }
}

function copyFirst(file: string, folders: readonly string[], to: string): void {
  const from = folders.map((folder) => join(root, folder, file)).find((path) => existsSync(path))
  if (from) cpSync(from, join(to, file))
}

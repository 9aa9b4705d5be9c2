// Starts a TypeScript file of this repository with a Node.js that satisfies `engines` in package.json:
// the one that runs this file if it does, else the Node 24 that `npm ci` brought along.
// Plain JavaScript on purpose: it must run on any Node.js that npm itself runs on.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node.replace(/^>=/, '')

/** Whether `version` (as in process.versions.node) is at least `minimum`. */
function satisfies(version, minimum) {
  const [have, want] = [version, minimum].map((text) => text.split('.').map(Number))
  for (let i = 0; i < 3; i++) {
    if ((have[i] ?? 0) !== (want[i] ?? 0)) return (have[i] ?? 0) > (want[i] ?? 0)
  }
  return true
}

/** Path of the Node binary that came as an optional dependency, or undefined. */
function bundledNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  try {
    const manifest = nodeModule.createRequire(import.meta.url).resolve(`node-${platform}-${process.arch}/package.json`)
    const binary = join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    return existsSync(binary) ? binary : undefined
  } catch {
    return undefined
  }
}

function runWith(binary, args) {
  const env = { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), ...process.env }
  const child = spawn(binary, args, { stdio: 'inherit', env })
  // On a terminal Ctrl-C reaches the child by itself; sent twice it would mean "stop at once".
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => (signal ? process.kill(process.pid, signal) : process.exit(code ?? 1)))
  child.on('error', (error) => {
    console.error(`millrace: cannot start ${binary}: ${error.message}`)
    process.exit(1)
  })
}

const args = process.argv.slice(2)
const flags = args.filter((arg, at) => arg.startsWith('--') && args.slice(0, at).every((a) => a.startsWith('--')))
const [file, ...rest] = args.slice(flags.length)

if (satisfies(process.versions.node, wanted) && flags.length === 0) {
  // Before any TypeScript is read: from the cache it comes without being stripped of its types again.
  nodeModule.enableCompileCache()
  const path = resolve(root, file)
  process.argv = [process.execPath, path, ...rest]
  await import(pathToFileURL(path).href)
} else {
  const binary = satisfies(process.versions.node, wanted) ? process.execPath : bundledNode()
  if (!binary) {
    console.error(
      `millrace: needs Node.js ${wanted} or newer, found ${process.versions.node}. Install it from https://nodejs.org and run this again.`,
    )
    process.exit(1)
  }
  runWith(binary, [...process.execArgv, ...flags, resolve(root, file), ...rest])
}

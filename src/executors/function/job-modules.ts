import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { DomainError } from '../../base/errors.ts'
import type { FunctionOptions } from '../../job-types/function-settings.ts'
import { functionType } from '../../jobs/functions/type.ts'
import type { RunnableType } from '../../jobs/runnable-type.ts'
import { childFlags, cleanEnvironment } from './child-environment.ts'

/** What the child has found in one file, by its URL. */
export type DescribedModule =
  | { readonly file: string; readonly types: readonly { readonly exportName: string; readonly options: object }[] }
  | { readonly file: string; readonly error: string }

const program = fileURLToPath(new URL('./describe-child.ts', import.meta.url))
const patienceMs = 30_000

/** Tests and declarations may lie beside the modules. */
const isModule = (name: string) => /\.(?:ts|js|mjs)$/.test(name) && !/\.(?:d|test)\.\w+$/.test(name)

const unusable = (message: string, cause?: unknown) => new DomainError('invalid', message, { cause })

/**
 * The job types of a folder: what `defineJob` made and a `.ts`, `.js` or `.mjs` file directly in it exports. The files are imported
 * by a child process only. Throws `invalid` in one line for a folder that cannot be read, a file that cannot be imported, and a
 * name that is there twice, be it among `known`.
 */
export async function loadJobModules(folder: string, known: readonly RunnableType[]): Promise<RunnableType[]> {
  const files = await listModules(resolve(folder))
  const types: RunnableType[] = []
  for (const described of await describeModules(files)) {
    if ('error' in described) throw unusable(`the job module ${pathOf(described.file)} cannot be imported: ${described.error}`)
    for (const { exportName, options } of described.types) {
      types.push(makeType(described.file, exportName, parseOptions(options)))
    }
  }
  refuseTwins(types, known)
  return types
}

/** `defineJob` has checked them in the child. */
const parseOptions = (options: object) => options as FunctionOptions

function makeType(module: string, exportName: string, options: FunctionOptions): RunnableType {
  try {
    return functionType({ options }, { module, exportName })
  } catch (error) {
    throw unusable(`the job module ${pathOf(module)} cannot be used: ${(error as Error).message}`, error)
  }
}

const pathOf = (url: string) => fileURLToPath(url)

async function listModules(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    const files = entries.filter((entry) => !entry.isDirectory() && isModule(entry.name)).map((entry) => entry.name)
    return files.sort().map((name) => pathToFileURL(resolve(folder, name)).href)
  } catch (error) {
    throw unusable(`the folder of job modules ${folder} cannot be read: ${(error as Error).message}. Set MILLRACE_JOBS to one that can.`, error)
  }
}

/** Imports the files one after the other in a process of its own: what they do at import cannot harm this one. */
function describeModules(files: readonly string[]): Promise<DescribedModule[]> {
  if (files.length === 0) return Promise.resolve([])
  const described: DescribedModule[] = []
  const child = spawn(process.execPath, [...childFlags, program, ...files], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env: cleanEnvironment() })
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-2000)
  })
  child.on('message', (message) => described.push(parseDescribed(message)))
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const next = files[described.length]
      if (next !== undefined) described.push({ file: next, error: howItEnded({ code, signal, stderr }) })
      resolve(described)
    })
  })
}

/** It was made a moment ago, in `describe-child.ts`. */
const parseDescribed = (message: unknown) => message as DescribedModule

function howItEnded({ code, signal, stderr }: { code: number | null; signal: string | null; stderr: string }): string {
  if (signal === 'SIGKILL') return `it has not come to its end within ${patienceMs / 1000} s`
  const [said = ''] = stderr.split('\n').filter((line) => /Error\b/.test(line))
  return `it ended the process that imported it, with ${signal ?? `exit code ${code}`}${said && `: ${said.trim()}`}`
}

function refuseTwins(types: readonly RunnableType[], known: readonly RunnableType[]): void {
  const places = new Map(known.map((type) => [type.name, 'the hub itself']))
  for (const { name, program } of types) {
    const place = program.kind === 'function' ? `${basename(pathOf(program.module))} (${program.exportName})` : program.kind
    const other = places.get(name)
    if (other !== undefined) throw unusable(`two job types have the name ${name}: one of ${other}, one of ${place}; rename one of them`)
    places.set(name, place)
  }
}

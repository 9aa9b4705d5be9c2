import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { type Command, UsageError } from './usage.ts'

const ownModule = new URL('../executors/function/own-module.ts', import.meta.url).href
/** Each test file can import `millrace/jobs`, in any folder. */
const finder = `data:text/javascript,${encodeURIComponent(`import { resolveOwnModule } from '${ownModule}'; resolveOwnModule()`)}`

/** `millrace test`: tests of functions, with `testJob`, by Node's own test runner. */
export const testCommand: Command = {
  usage: 'test FILE…',
  help: 'runs tests of functions of your own',
  async run(words) {
    const [first] = words
    if (first === undefined || first.startsWith('-')) throw new UsageError('name at least one test file')
    const child = spawn(process.execPath, ['--import', finder, '--test', ...words.map((word) => resolve(word))], { stdio: 'inherit' })
    const [code] = await once(child, 'exit')
    process.exitCode = code ?? 1
  },
}

import { VERSION } from '../version.ts'
import { actionCommand } from './action.ts'
import type { Command } from './command.ts'
import { findConnection, openClient } from './connection.ts'
import { deleteCommand } from './delete.ts'
import { describe } from './describe.ts'
import { dumpCommand } from './dump.ts'
import { loadCommand } from './load.ts'
import { type Given, readOptions } from './options.ts'
import { print } from './output.ts'
import { Progress } from './progress.ts'
import { searchCommand } from './search.ts'
import { syncCommand } from './sync.ts'
import { CommandError, UsageError } from './usage.ts'

/** The commands of the client by name. */
export const clientCommands: Readonly<Record<string, Command>> = {
  action: actionCommand,
  dump: dumpCommand,
  load: loadCommand,
  search: searchCommand,
  delete: deleteCommand,
  sync: syncCommand,
}

/** Exit codes, as `ckanapi` has them. */
const EXIT = { done: 0, failed: 1, interrupted: 2, partial: 3 } as const

const COMMON_HELP = `  -r, --remote URL    the catalogue; else CKAN_URL
  -a, --apikey KEY    the key; else CKAN_API_KEY, else the line URL:KEY of ~/.ckanpass`

/** Runs `PROGRAM WORDS` and gives its exit code: 0 done, 1 failed, 2 interrupted, 3 some records failed. */
export async function runClient(words: readonly string[], program = 'millrace-client'): Promise<number> {
  const [name, ...rest] = words
  if (name === undefined || name === '--help' || name === '-h') return printed(overview(program), program)
  if (name === 'help') return runClient([...rest, '--help'], program)
  if (name === '--version') return printed(VERSION, program)
  const command = Object.hasOwn(clientCommands, name) ? clientCommands[name] : undefined
  if (command) return runCommand(command, rest, `${program} ${name}`)
  const names = Object.keys(clientCommands).join(', ')
  return failed(`${program}: no command ${JSON.stringify(name)}. The commands are ${names}; ${program} --help explains them.`)
}

async function runCommand(command: Command, words: readonly string[], title: string): Promise<number> {
  const program = title.split(' ')[0]
  try {
    const given = readOptions(words, command.options)
    if (given.flag('help')) return await printed(helpOf(command, `${program}`), title)
    return await carryOut(command, given, title)
  } catch (error) {
    if (!(error instanceof UsageError)) return failed(`${title}: ${describe(error)}`)
    return failed(`${title}: ${error.message}\nusage: ${program} ${command.usage}\n${title} --help explains it.`)
  }
}

/** Runs a command until it ends or a signal interrupts it; a second signal ends the process at once. */
async function carryOut(command: Command, given: Given, title: string): Promise<number> {
  const controller = new AbortController()
  const stop = () => (controller.signal.aborted ? process.exit(EXIT.interrupted) : controller.abort(new CommandError('interrupted')))
  const { signal } = controller
  const connection = await findConnection(given)
  const progress = new Progress(given.flag('quiet') ? null : process.stderr)
  for (const name of SIGNALS) process.on(name, stop)
  try {
    const client = openClient(connection, { signal, requestsPerSecond: given.decimal('rate') })
    const note = (text: string) => progress.note(process.stderr, text)
    return EXIT[await command.run({ given, client, connection, progress, signal, note })]
  } catch (error) {
    if (!signal.aborted) throw error
    progress.end()
    process.stderr.write(`${title}: interrupted\n`)
    return EXIT.interrupted
  } finally {
    progress.end()
    for (const name of SIGNALS) process.off(name, stop)
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

async function printed(text: string, program: string): Promise<number> {
  try {
    await print(text)
    return EXIT.done
  } catch (error) {
    return failed(`${program}: ${describe(error)}`)
  }
}

function failed(message: string): number {
  process.stderr.write(`${message}\n`)
  return EXIT.failed
}

function helpOf({ usage, help, details }: Command, program: string): string {
  return `usage: ${program} ${usage}\n\n${help}\n\n${details}\n${COMMON_HELP}\n\nExit codes: 0 done, 1 failed, 2 interrupted, 3 some records failed.`
}

function overview(program: string): string {
  const lines = Object.values(clientCommands).map(({ usage, help }) => `  ${program} ${usage}\n      ${help}`)
  return ['usage:', ...lines, '', `${program} COMMAND --help explains a command.`].join('\n')
}

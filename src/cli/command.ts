import { ConfigError } from '../config.ts'
import { StartError } from '../start.ts'
import { version } from '../version.ts'
import { migrateCommand } from './migrate.ts'
import { serveCommand } from './serve.ts'
import { testCommand } from './test.ts'
import { type Command, UsageError } from './usage.ts'
import { userCommand } from './user.ts'
import { webhookSecretCommand } from './webhook-secret.ts'
import { workerCommand } from './worker.ts'

const commands: Readonly<Record<string, Command>> = {
  serve: serveCommand,
  worker: workerCommand,
  migrate: migrateCommand,
  user: userCommand,
  'webhook-secret': webhookSecretCommand,
  test: testCommand,
}

/** Runs `millrace WORDS`. Expected errors print one line and exit with code 1. */
export async function runCommand(words: readonly string[]): Promise<void> {
  const [name, ...rest] = words
  if (name === undefined || name === '--help' || name === '-h') return console.log(await overview())
  if (name === 'help') return runCommand([...rest, '--help'])
  if (name === '--version') return console.log(version)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) await runClientCommand(name, rest)
  else if (asksForHelp(rest)) console.log(helpOf(command))
  else await runOne(name, command, rest)
}

/** The commands of the client, such as `millrace dump`. They are loaded when they are asked for: the hub's own start does not wait for them. */
async function runClientCommand(name: string, words: readonly string[]): Promise<void> {
  const { clientCommands, runClient } = await import('@millrace/client/cli')
  if (Object.hasOwn(clientCommands, name)) process.exitCode = await runClient([name, ...words], 'millrace')
  else {
    const names = [...Object.keys(commands), ...Object.keys(clientCommands)].join(', ')
    console.error(`millrace: no command ${JSON.stringify(name)}. The commands are ${names}; millrace --help explains them.`)
    process.exitCode = 1
  }
}

async function runOne(name: string, command: Command, words: readonly string[]): Promise<void> {
  try {
    await command.run(words)
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof StartError || error instanceof UsageError)) throw error
    console.error(`millrace ${name}: ${error.message}`)
    if (error instanceof UsageError) console.error(`usage: millrace ${command.usage}`)
    process.exitCode = 1
  }
}

/** Words after `--` belong to the command. */
function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return (end < 0 ? words : words.slice(0, end)).some((word) => word === '--help' || word === '-h')
}

function helpOf({ usage, help, details }: Command): string {
  return [`usage: millrace ${usage}`, '', help, ...(details ? ['', details()] : [])].join('\n')
}

async function overview(): Promise<string> {
  const { clientCommands } = await import('@millrace/client/cli')
  const width = Math.max(...Object.values(commands).map((command) => command.usage.length))
  const lines = Object.values(commands).map(({ usage, help }) => `  millrace ${usage.padEnd(width)}  ${help}`)
  const remote = Object.entries(clientCommands).map(([name, { help }]) => `  millrace ${`${name} …`.padEnd(width)}  ${help}`)
  const end = 'millrace COMMAND --help says more; settings: millrace serve --help; version: millrace --version'
  return ['usage:', ...lines, '', 'for any catalogue, by HTTP:', ...remote, '', end].join('\n')
}

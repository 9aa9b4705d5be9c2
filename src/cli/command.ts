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
  if (name === undefined || name === '--help' || name === '-h') return console.log(overview())
  if (name === 'help') return runCommand([...rest, '--help'])
  if (name === '--version') return console.log(version)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) {
    console.error(
      `millrace: no command ${JSON.stringify(name)}. The commands are ${Object.keys(commands).join(', ')}; millrace --help explains them.`,
    )
    process.exitCode = 1
  } else if (asksForHelp(rest)) console.log(helpOf(command))
  else await runOne(name, command, rest)
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

function overview(): string {
  const width = Math.max(...Object.values(commands).map((command) => command.usage.length))
  const lines = Object.values(commands).map(({ usage, help }) => `  millrace ${usage.padEnd(width)}  ${help}`)
  return ['usage:', ...lines, '', 'millrace COMMAND --help says more; settings: millrace serve --help; version: millrace --version'].join('\n')
}

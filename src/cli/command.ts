import { ConfigError } from '../config.ts'
import { StartError } from '../start.ts'
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

/** Runs `millrace WORDS`. What is expected to go wrong ends in one line and exit code 1. */
export async function runCommand(words: readonly string[]): Promise<void> {
  const [name, ...rest] = words
  const command = name === undefined || !Object.hasOwn(commands, name) ? undefined : commands[name]
  if (!command) {
    const asked = name === undefined || name === '--help' || name === 'help'
    console.log(overview())
    if (!asked) process.exitCode = 1
    return
  }
  try {
    await command.run(rest)
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof StartError || error instanceof UsageError)) throw error
    console.error(`millrace ${name}: ${error.message}`)
    if (error instanceof UsageError) console.error(`usage: millrace ${command.usage}`)
    process.exitCode = 1
  }
}

function overview(): string {
  const width = Math.max(...Object.values(commands).map((command) => command.usage.length))
  const lines = Object.values(commands).map(({ usage, help }) => `  millrace ${usage.padEnd(width)}  ${help}`)
  return ['usage:', ...lines, '', 'Settings: millrace serve --help'].join('\n')
}

import { type Logger, pino } from 'pino'
import { type Config, strangeNames } from '../config.ts'

const redact = { paths: ['*.authorization', '*.password', '*.api_key', '*.apiKey', '*.token'], censor: '…' }

/** The hub's log on standard output, without secrets: lines to read on a terminal, JSON lines otherwise. */
export async function makeLog(config: Config): Promise<Logger> {
  const options = { level: config.logLevel, redact }
  if (!process.stdout.isTTY) return pino(options)
  const { default: pretty } = await import('pino-pretty')
  // Synchronous, so that lines keep their order with other output.
  return pino(options, pretty({ sync: true, ignore: 'pid,hostname,reqId', translateTime: 'SYS:HH:MM:ss' }))
}

/** Warns at the start of unknown settings in the environment. */
export function warnOfStrange(log: Logger, environment: NodeJS.ProcessEnv): void {
  for (const name of strangeNames(environment)) log.warn(`${name} is not a setting and has no effect; millrace serve --help lists all settings`)
}

import { type Logger, pino } from 'pino'
import { type Config, strangeNames } from '../config.ts'

const redact = { paths: ['*.authorization', '*.password', '*.api_key', '*.apiKey', '*.token'], censor: '…' }

/** The hub's log on standard output, without secrets: lines to read on a terminal, JSON lines otherwise. */
export async function makeLog(config: Config): Promise<Logger> {
  const options = { level: config.logLevel, redact }
  if (!process.stdout.isTTY) return pino(options)
  const { default: pretty } = await import('pino-pretty')
  // In step with what is printed beside it.
  return pino(options, pretty({ sync: true, ignore: 'pid,hostname,reqId', translateTime: 'SYS:HH:MM:ss' }))
}

/** Tells at the start what the environment has in vain. */
export function warnOfStrange(log: Logger, environment: NodeJS.ProcessEnv): void {
  for (const name of strangeNames(environment)) log.warn(`${name} is no setting and has no effect; millrace serve --help lists them all`)
}

import { type Logger, pino } from 'pino'
import { type Config, strangeNames } from '../config.ts'

/** The hub's log: JSON lines on standard output, without secrets. */
export function makeLog(config: Config): Logger {
  return pino({ level: config.logLevel, redact: { paths: ['*.authorization', '*.password', '*.api_key', '*.apiKey', '*.token'], censor: '…' } })
}

/** Tells at the start what the environment has in vain. */
export function warnOfStrange(log: Logger, environment: NodeJS.ProcessEnv): void {
  for (const name of strangeNames(environment)) log.warn(`${name} is no setting and has no effect; millrace serve --help lists them all`)
}

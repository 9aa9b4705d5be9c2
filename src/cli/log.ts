import { type Logger, pino } from 'pino'
import type { Config } from '../config.ts'

/** The hub's log: JSON lines on standard output, without secrets. */
export function makeLog(config: Config): Logger {
  return pino({ level: config.logLevel, redact: { paths: ['*.authorization', '*.password', '*.api_key', '*.apiKey', '*.token'], censor: '…' } })
}

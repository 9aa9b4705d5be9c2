import { startApp } from '../app.ts'
import { parseConfig } from '../config.ts'
import { makeLog, warnOfStrange } from './log.ts'
import { readOptions } from './options.ts'
import { closeOnSignal } from './signals.ts'
import type { Command } from './usage.ts'

/** `millrace worker`: runs jobs beside other processes on the same database. */
export const workerCommand: Command = {
  usage: 'worker',
  help: 'runs jobs only, beside other processes on one database',
  async run(words) {
    readOptions(words, {})
    const config = parseConfig(process.env)
    const log = await makeLog(config)
    warnOfStrange(log, process.env)
    const app = await startApp(config, log, { http: false, workers: true })
    console.log('Millrace works; no HTTP in this process')
    await closeOnSignal(app.close, log)
  },
}

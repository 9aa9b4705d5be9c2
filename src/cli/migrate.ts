import { parseConfig } from '../config.ts'
import { openData } from '../start.ts'
import { makeLog } from './log.ts'
import { readOptions } from './options.ts'
import type { Command } from './usage.ts'

/** `millrace migrate`: brings the database up to date without serving. */
export const migrateCommand: Command = {
  usage: 'migrate',
  help: 'brings the database schema up to date',
  async run(words) {
    readOptions(words, {})
    const config = parseConfig(process.env)
    const { store } = await openData(config, await makeLog(config))
    await store.close()
    console.log('The database is up to date.')
  },
}

import { startApp } from '../app.ts'
import type { FirstSysadmin } from '../auth/first-sysadmin.ts'
import { type Config, parseConfig, settings } from '../config.ts'
import { makeLog, warnOfStrange } from './log.ts'
import { readOptions } from './options.ts'
import { closeOnSignal } from './signals.ts'
import type { Command } from './usage.ts'

/** `millrace serve`: serves HTTP, and runs workers unless `--no-workers` is given. */
export const serveCommand: Command = {
  usage: 'serve [--no-workers]',
  help: 'runs the hub',
  details: settingsHelp,
  async run(words) {
    const { values } = readOptions(words, { 'no-workers': { type: 'boolean' } })
    const config = parseConfig(process.env)
    const log = await makeLog(config)
    warnOfStrange(log, process.env)
    const app = await startApp(config, log, { http: true, workers: !values['no-workers'] })
    // Printed last, so that they stay visible on a terminal.
    if (app.firstSysadmin) console.log(welcome(app.firstSysadmin))
    console.log(`Millrace listens on ${app.url}${publicName(config, app.url)}`)
    await closeOnSignal(app.close, log)
  },
}

function publicName(config: Config, url: string | undefined): string {
  return config.siteUrl === url ? '' : ` (as ${config.siteUrl})`
}

function welcome({ name, password, apiKey }: FirstSysadmin): string {
  return [
    '',
    'The first sysadmin. This is shown at each start until it has been used:',
    `  name      ${name}`,
    ...(password === undefined ? [] : [`  password  ${password}`]),
    ...(apiKey === undefined ? [] : [`  API key   ${apiKey}`]),
    '',
  ].join('\n')
}

/** The table of settings for `--help`. */
function settingsHelp(): string {
  const all = Object.values(settings)
  const width = Math.max(...all.map((one) => one.name.length))
  const lines = all.map(({ name, help, defaultText }) => `  ${name.padEnd(width)}  ${help} (default: ${defaultText})`)
  return ['Settings, from the environment:', ...lines].join('\n')
}

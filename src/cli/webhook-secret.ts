import { parseConfig } from '../config.ts'
import { webhookSecrets } from '../jobs/callbacks/secret.ts'
import { openData } from '../start.ts'
import { makeLog } from './log.ts'
import { readOptions } from './options.ts'
import type { Command } from './usage.ts'

/** `millrace webhook-secret`: prints the secret that receivers verify callbacks with. */
export const webhookSecretCommand: Command = {
  usage: 'webhook-secret',
  help: 'shows the secret that signs callbacks, for their receivers',
  async run(words) {
    readOptions(words, {})
    const config = parseConfig(process.env)
    const data = await openData(config, await makeLog(config))
    try {
      for (const secret of await webhookSecrets({ ...data, config })) console.log(secret)
    } finally {
      await data.store.close()
    }
  },
}

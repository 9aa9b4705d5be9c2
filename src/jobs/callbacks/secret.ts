import { randomBytes } from 'node:crypto'
import type { Context } from '../../context.ts'
import { ensureSetting } from '../../store/settings.ts'

/**
 * The secrets that sign callbacks, as receivers get them (`whsec_` and base64), the newest first: those of the settings, else one that
 * is generated once for the database and kept there sealed.
 */
export async function webhookSecrets({ store, vault, config }: Pick<Context, 'store' | 'vault' | 'config'>): Promise<readonly string[]> {
  if (config.webhookSecret) return config.webhookSecret
  const fresh = vault.seal(`whsec_${randomBytes(32).toString('base64')}`)
  return [vault.open(await ensureSetting(store, 'webhook_secret', fresh))]
}

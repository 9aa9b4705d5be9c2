import type { Vault } from '../auth/secret.ts'
import type { Db } from '../store/store.ts'
import type { JobConfiguration } from './configuration.ts'
import type { JobTypeDetails } from './job-type.ts'
import { listSealedSettings, saveSealedSetting } from './secret-store.ts'

/**
 * Removes the secret settings from a configuration and stores them sealed. Returns the configuration without secrets.
 * A setting that has ever been secret stays so, even if a later manifest declares it public: its old value must not
 * be revealed. A secret that the configuration does not name keeps its value.
 */
export async function sealSecrets(
  { db, vault }: { db: Db; vault: Vault },
  typeId: string,
  { configuration, manifest }: { configuration: JobConfiguration; manifest: JobTypeDetails['manifest'] },
): Promise<JobConfiguration> {
  const declared = (('job' in manifest && manifest.job.interface?.settings) || []).filter(({ secret }) => secret === true).map(({ name }) => name)
  const secret = new Set([...declared, ...(await listSealedSettings(db, typeId)).keys()])
  const given = new Map(Object.entries(configuration.settings))
  for (const name of secret) {
    const value = given.get(name)
    await saveSealedSetting(db, typeId, { name, sealed: value === undefined ? null : vault.seal(value) })
  }
  return { ...configuration, settings: Object.fromEntries([...given].filter(([name]) => !secret.has(name))) }
}

/** All settings of a job type for its containers, with the values of secrets. For executions only. */
export async function openSettings(
  { db, vault }: { db: Db; vault: Vault },
  typeId: string,
  plain: JobConfiguration['settings'],
): Promise<Map<string, string>> {
  const settings = new Map(Object.entries(plain))
  for (const [name, sealed] of await listSealedSettings(db, typeId)) if (sealed !== null) settings.set(name, vault.open(sealed))
  return settings
}

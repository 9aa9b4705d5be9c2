import type { Db } from '../store/store.ts'

/** The settings of a job type that are or were secret: name to sealed value, null where none was given. */
export async function listSealedSettings(db: Db, typeId: string): Promise<Map<string, string | null>> {
  const rows = await db.selectFrom('job_type_secret').select(['name', 'sealed']).where('type_id', '=', typeId).orderBy('name').execute()
  return new Map(rows.map(({ name, sealed }) => [name, sealed]))
}

/** Records that the setting is secret from now on; a sealed value replaces the previous one. */
export async function saveSealedSetting(db: Db, typeId: string, setting: { name: string; sealed: string | null }): Promise<void> {
  await db
    .insertInto('job_type_secret')
    .values({ type_id: typeId, ...setting })
    .onConflict((oc) => {
      const same = oc.columns(['type_id', 'name'])
      return setting.sealed === null ? same.doNothing() : same.doUpdateSet({ sealed: setting.sealed })
    })
    .execute()
}

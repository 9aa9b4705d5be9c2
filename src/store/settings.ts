import type { Store } from './store.ts'

/** Stores a setting of the hub unless one of this name is stored. Returns the stored value. */
export async function ensureSetting(store: Store, name: string, value: string): Promise<string> {
  return store.write(async ({ db }) => {
    await db
      .insertInto('setting')
      .values({ name, value })
      .onConflict((oc) => oc.column('name').doNothing())
      .execute()
    const row = await db.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirstOrThrow()
    return row.value
  })
}

/** A stored setting of the hub, or undefined. */
export async function findSetting(store: Store, name: string): Promise<string | undefined> {
  const row = await store.db.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value
}

/** Removes a stored setting of the hub, if there is one of this name. */
export async function deleteSetting(store: Store, name: string): Promise<void> {
  await store.write(({ db }) => db.deleteFrom('setting').where('name', '=', name).execute())
}

import type { Store } from './store.ts'

/** Stores a fact of the hub unless it has one of that name; returns the one that counts. */
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

/** A fact of the hub, or undefined. */
export async function findSetting(store: Store, name: string): Promise<string | undefined> {
  const row = await store.db.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value
}

/** Forgets a fact of the hub; nothing happens when there is none of that name. */
export async function deleteSetting(store: Store, name: string): Promise<void> {
  await store.write(({ db }) => db.deleteFrom('setting').where('name', '=', name).execute())
}

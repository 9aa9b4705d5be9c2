// A process that writes until it is killed, and prints the acknowledged and the refused writes on standard output.
import { writeSync } from 'node:fs'
import { openTestStore } from './store.ts'

const [url = '', run = ''] = process.argv.slice(2)
const store = await openTestStore(url)

async function caller(number: number): Promise<void> {
  for (let at = 0; ; at++) {
    const name = `${run}-${number}-${at}`
    const refused = at % 5 === 4
    try {
      await store.write(async (write) => {
        await write.db.insertInto('setting').values({ name, value: 'first' }).execute()
        await write.db
          .insertInto('setting')
          .values({ name: `${name}-second`, value: 'second' })
          .execute()
        write.change('dataset', name, 'created')
        if (refused) throw new Error('refused')
      })
      writeSync(1, `+${name}\n`)
    } catch {
      writeSync(1, `-${name}\n`)
    }
  }
}

await Promise.all(Array.from({ length: 16 }, (_, number) => caller(number)))

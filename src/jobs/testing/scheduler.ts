import { createInterface } from 'node:readline'
import { pino } from 'pino'
import { openTestStore } from '../../../test/store.ts'
import { fireDue } from '../schedules/fire.ts'
import { TypeRegistry } from '../type-registry.ts'
import { scheduledTypes } from './types.ts'

// A real process for tests that makes the jobs that are due, once for each line that it reads: `scheduler.ts DATABASE_URL`.

const store = await openTestStore(process.argv[2] ?? '')
const types = new TypeRegistry(scheduledTypes)
process.stdout.write('ready\n')
for await (const _line of createInterface(process.stdin)) {
  await fireDue({ store, log: pino({ level: 'silent' }) }, types)
  process.stdout.write('done\n')
}
await store.close()

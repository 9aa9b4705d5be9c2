import { pino } from 'pino'
import { openTestStore } from '../../../../test/store.ts'
import { SearchRebuild } from '../rebuild.ts'

// A process that rebuilds search in the database whose address it is given, until it is killed.
const store = await openTestStore(process.argv[2] ?? '')
const rebuild = new SearchRebuild(store, pino({ level: 'silent' }))
await rebuild.start()
await rebuild.ended
await store.close()

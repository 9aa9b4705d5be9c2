import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { pino } from 'pino'
import { DomainError } from '../../../base/errors.ts'
import { openSnapshots } from '../../../store/snapshots.ts'
import { IndexedSearch } from './answer.ts'
import type { FromThread, ThreadData, ToThread } from './message.ts'

/** The program of the search thread: loads the index, then answers one search after the other until it is closed. */
async function run(port: MessagePort, { place }: ThreadData): Promise<void> {
  const tell = (message: FromThread) => port.postMessage(message)
  const snapshots = openSnapshots(place, pino({ level: 'silent' }))
  const search = new IndexedSearch(snapshots)
  let turn = search.load().then(() => tell({ kind: 'ready' }))
  port.on('message', (message: ToThread) => {
    turn = turn.then(async () => {
      if (message.kind === 'search') return tell(await answer(search, message))
      await snapshots.close()
      port.close()
    })
  })
  await turn
}

async function answer(search: IndexedSearch, { id, actor, request }: Extract<ToThread, { kind: 'search' }>): Promise<FromThread> {
  try {
    return { kind: 'answer', id, answer: await search.search(actor, request) }
  } catch (error) {
    if (error instanceof DomainError) return { kind: 'refused', id, code: error.code, message: error.message, fields: error.fields }
    return { kind: 'failed', id, message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

if (parentPort) await run(parentPort, workerData as ThreadData)

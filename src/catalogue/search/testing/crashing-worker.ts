import { parentPort } from 'node:worker_threads'
import type { ToThread } from '../memory/worker.ts'

// The search thread, but for one word that ends it while the search is under way.
parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'search' && JSON.stringify(message.request.query).includes('endthread')) process.exit(1)
})
await import('../memory/worker.ts')

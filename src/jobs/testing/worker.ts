import { pino } from 'pino'
import { openTestStore } from '../../../test/store.ts'
import { openVault } from '../../auth/secret.ts'
import { LocalFileStore } from '../../store/files/local-file-store.ts'
import { TypeRegistry } from '../type-registry.ts'
import { JobRunner } from '../worker/runner.ts'
import { quickExecutor, quickTiming } from './scene.ts'
import { testTypes } from './types.ts'

// A real worker process for tests: `worker.ts DATABASE_URL FILES_FOLDER`. Says `ready`, works until SIGTERM, says `stopped`.

const [url = '', folder = ''] = process.argv.slice(2)
const store = await openTestStore(url)
const runner = new JobRunner({
  store,
  files: new LocalFileStore(folder),
  vault: openVault('a secret of tests'),
  log: pino({ level: 'silent' }),
  executors: { function: quickExecutor(1_500) },
  types: new TypeRegistry(testTypes),
  slots: { work: 4 },
  timing: quickTiming,
})
await runner.start()
process.once('SIGTERM', async () => {
  process.once('SIGTERM', () => process.exit(1))
  await runner.stop({ graceMs: 100 })
  await store.close()
  process.stdout.write('stopped\n')
})
process.stdout.write('ready\n')

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { openVault } from '../src/auth/secret.ts'
import { parseConfig } from '../src/config.ts'
import { type Actor, anonymous, type Context } from '../src/context.ts'
import { LocalFileStore } from '../src/store/files/local-file-store.ts'
import { freshStore } from './store.ts'

/** The people of catalogue tests. */
export const people = {
  anonymous,
  maria: { kind: 'user', id: '00000000-0000-4000-8000-000000000001', name: 'maria', sysadmin: false },
  jonas: { kind: 'user', id: '00000000-0000-4000-8000-000000000002', name: 'jonas', sysadmin: false },
  root: { kind: 'user', id: '00000000-0000-4000-8000-000000000003', name: 'root', sysadmin: true },
} as const satisfies Record<string, Actor>

/** A domain context on a fresh store: `as('maria')` gives hers. The clock stays at one time until a test changes it. */
export interface CatalogueBed {
  as(who: keyof typeof people): Context
  /** Address of its database, for tests that open it again. */
  readonly url: string
  clock: number
  drop(): Promise<void>
}

export async function makeBed(settings: Record<string, string> = {}): Promise<CatalogueBed> {
  const { store, url, drop } = await freshStore()
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bed-'))
  const config = parseConfig({ MILLRACE_SITE_URL: 'http://hub.example', ...settings })
  const bed = {
    url,
    clock: Date.UTC(2026, 0, 1),
    as: (who: keyof typeof people): Context => ({
      store,
      files: new LocalFileStore(folder),
      config,
      vault: openVault('a secret of these tests'),
      actor: people[who],
      clock: () => bed.clock,
      log: pino({ level: 'silent' }),
    }),
    async drop() {
      await drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
  return bed
}

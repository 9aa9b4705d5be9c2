import type { Logger } from 'pino'

/** Waits for SIGTERM or SIGINT, then closes gracefully; a second signal ends the process at once. */
export async function closeOnSignal(close: () => Promise<void>, log: Logger): Promise<void> {
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, resolve)
  })
  log.info({ signal }, 'stopping; a second signal stops at once')
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => process.exit(1))
  await close()
  log.info('stopped')
}

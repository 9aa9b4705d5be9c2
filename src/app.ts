import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { ensureSysadmin, type FirstSysadmin } from './auth/first-sysadmin.ts'
import { type Config, localUrl } from './config.ts'
import type { Context } from './context.ts'
import { buildServer } from './http/server.ts'
import { surfaces } from './http/surfaces.ts'
import { openData, StartError } from './start.ts'

/** A hub that runs in this process. */
export interface App {
  readonly base: Omit<Context, 'actor' | 'log'>
  /** Absent in a process that only works. */
  readonly http: FastifyInstance | undefined
  /** Where the hub listens, undefined when it does not. */
  readonly url: string | undefined
  /** The sysadmin that this start has made; what is in it is shown once. */
  readonly firstSysadmin: FirstSysadmin | undefined
  /** Stops taking work, lets running work end, closes the database. */
  close(): Promise<void>
}

/** Which parts of the hub a process runs. */
export interface Parts {
  readonly http: boolean
  readonly workers: boolean
}

/** The one place that joins the rooms. Throws a `StartError` with one line when the hub cannot start. */
export async function startApp(config: Config, log: Logger, parts: Parts): Promise<App> {
  const data = await openData(config, log)
  const base = { ...data, config, clock: Date.now }
  const firstSysadmin = await ensureSysadmin(base)
  const http = parts.http ? await buildServer({ base, log, jobs: undefined }, surfaces) : undefined
  try {
    const url = http && (await listen(http, config))
    const close = async () => {
      await http?.close()
      await data.store.close()
    }
    return { base, http, url, firstSysadmin, close }
  } catch (error) {
    await data.store.close()
    throw error
  }
}

async function listen(http: FastifyInstance, config: Config): Promise<string> {
  try {
    await http.listen({ host: config.host, port: config.port })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      throw new StartError(`port ${config.port} of ${config.host} is in use. Stop what uses it, or set PORT to another one.`, { cause: error })
    throw new StartError(`cannot listen on ${config.host}:${config.port}: ${message}`, { cause: error })
  }
  const address = http.server.address()
  return localUrl(config.host, typeof address === 'object' && address ? address.port : config.port)
}

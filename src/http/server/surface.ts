import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { FirstSysadmin } from '../../auth/first-sysadmin.ts'
import type { DomainError } from '../../base/errors.ts'
import type { Context } from '../../context.ts'
import type { TypeRegistry } from '../../jobs/type-registry.ts'
import type { JobRunner } from '../../jobs/worker/runner.ts'
import type { HttpError } from './errors.ts'

/** The parts that `app.ts` has connected; every surface receives all of them. */
export interface Hub {
  readonly base: Omit<Context, 'actor' | 'log'>
  readonly log: Logger
  /** All runnable job types of this hub. */
  readonly types: TypeRegistry
  /** The workers of this process; absent under `--no-workers`. Sync jobs need them. */
  readonly jobs: JobRunner | undefined
  /** The generated credentials of the first sysadmin, until they are used. */
  readonly firstSysadmin?: FirstSysadmin | undefined
}

/** An answer to be sent. */
export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** One family of routes with its own wire shapes and its own form of errors. */
export interface Surface {
  readonly name: string
  /** First path segments that belong to it; errors below them are answered in its form. The owner of '' also answers paths of no surface. */
  readonly paths: readonly string[]
  /** Adds the routes to a scope of its own. */
  routes(app: FastifyInstance, hub: Hub): void | Promise<void>
  /** The answer to a domain error, or to an error of the protocol (unknown path, wrong method, too large, a bug). */
  fault(error: DomainError | HttpError, request: FastifyRequest): Answer
}

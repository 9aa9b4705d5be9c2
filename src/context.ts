import type { Logger } from 'pino'
import type { Vault } from './auth/secret.ts'
import type { SearchEngine } from './catalogue/search/search.ts'
import type { Config } from './config.ts'
import type { FileStore } from './store/files/file-store.ts'
import type { Store } from './store/store.ts'

/** Who calls: found out once for all surfaces (`http/session.ts`), judged by each room's `policy.ts`. */
export type Actor = AnonymousActor | UserActor

/** A caller without an account that is known. */
export interface AnonymousActor {
  readonly kind: 'anonymous'
  /** A key or token came along, and belongs to no active user. Decides nothing; what refuses the call says it. */
  readonly hasUnknownKey?: true
}

/** An account that calls. */
export interface UserActor {
  readonly kind: 'user'
  readonly id: string
  readonly name: string
  readonly sysadmin: boolean
  /** Digest of the API key or token that came along, if that is what told who calls. */
  readonly keyDigest?: string
}

export const anonymous: Actor = Object.freeze({ kind: 'anonymous' })

/** An anonymous caller who sent a key that is not known. */
export const anonymousWithKey: Actor = Object.freeze({ kind: 'anonymous', hasUnknownKey: true })

export const hasUnknownKey = (actor: Actor) => actor.kind === 'anonymous' && actor.hasUnknownKey === true

/** Whether the caller is a sysadmin (the job service says "administrator"). */
export const isSysadmin = (actor: Actor) => actor.kind === 'user' && actor.sysadmin

/** Milliseconds since 1970, UTC. Tests put a clock of their own here. */
export type Clock = () => number

/** What every domain function gets as its first argument; the only thing that is passed around. */
export interface Context {
  readonly store: Store
  readonly files: FileStore
  readonly config: Config
  readonly vault: Vault
  readonly actor: Actor
  readonly clock: Clock
  readonly log: Logger
  /** What answers searches of the catalogue; SQL does where there is none. */
  readonly search?: SearchEngine
}

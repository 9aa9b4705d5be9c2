import { timingSafeEqual } from 'node:crypto'
import type { Vault } from '../auth/secret.ts'
import { type Actor, isSysadmin } from '../context.ts'
import type { JobKind } from '../job-types/job-type.ts'
import type { Job } from './job.ts'

/** Who asks for a job: the caller, and the text that may be the job's own key. */
export interface Asker {
  readonly actor: Actor
  readonly presentedKey: string | undefined
  readonly vault: Vault
}

type Rule = (asker: Asker, job: Job) => boolean

const isAdministrator: Rule = ({ actor }) => isSysadmin(actor)
const isOwner: Rule = ({ actor }, job) => actor.kind === 'user' && actor.id === job.userId
const holdsJobKey: Rule = ({ presentedKey, vault }, job) => {
  if (presentedKey === undefined || job.keySealed === null) return false
  // Equal lengths for the comparison that takes the same time for every wrong key.
  const [presented, own] = [presentedKey, vault.open(job.keySealed)].map((text) => Buffer.from(vault.digest(text)))
  return presented !== undefined && own !== undefined && timingSafeEqual(presented, own)
}

/** Who may do what with one job. Any of the rules is enough. */
const rules: Readonly<Record<'view' | 'delete' | 'cancel', readonly Rule[]>> = {
  view: [isAdministrator, isOwner, holdsJobKey],
  delete: [isAdministrator, isOwner, holdsJobKey],
  cancel: [isAdministrator, isOwner, holdsJobKey],
}

export function isAllowed(what: keyof typeof rules, asker: Asker, job: Job): boolean {
  return rules[what].some((rule) => rule(asker, job))
}

/** Kinds of jobs whose ids anybody may list. */
export const openKinds: readonly JobKind[] = ['function']

/** Whether a caller may clear away everybody's finished jobs. */
export const mayClear = isSysadmin

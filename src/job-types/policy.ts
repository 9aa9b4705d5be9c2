import { forbidden } from '../base/errors.ts'
import { type Actor, isSysadmin } from '../context.ts'

/** Who may do what with job types. Reading is open to everybody. */
const rules = {
  /** Checking a manifest changes nothing, but costs time. */
  validate: { may: (actor: Actor) => actor.kind === 'user', who: 'a signed-in user' },
  /** A registered type runs containers on this hub. */
  change: { may: isSysadmin, who: 'a sysadmin' },
} as const

/** Throws `forbidden` when the caller may not. */
export function demand(actor: Actor, action: keyof typeof rules): void {
  const { may, who } = rules[action]
  if (!may(actor)) throw forbidden(`Only ${who} may do this.`)
}

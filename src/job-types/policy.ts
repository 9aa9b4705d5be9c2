import { forbidden } from '../base/errors.ts'
import { type Actor, isSysadmin } from '../context.ts'

/** Rights on job types. Anonymous callers may read them. */
const rules = {
  /** Users may check manifests: a check changes nothing, but costs time. */
  validate: { may: (actor: Actor) => actor.kind === 'user', who: 'a signed-in user' },
  /** Sysadmins may register and change types, since a registered type runs containers on this hub. */
  change: { may: isSysadmin, who: 'a sysadmin' },
} as const

/** Throws `forbidden` when the caller does not have the right. */
export function demand(actor: Actor, action: keyof typeof rules): void {
  const { may, who } = rules[action]
  if (!may(actor)) throw forbidden(`Only ${who} may do this.`)
}

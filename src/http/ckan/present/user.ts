import { createHash } from 'node:crypto'
import type { ShownRevision } from '../../../catalogue/revision/read.ts'
import { timeText } from '../../../catalogue/time-text.ts'
import type { UserProfile } from '../../../catalogue/user/profile.ts'
import { presentWholeRevision } from './catalogue.ts'

/** A user; e-mail, key and reset key only where the caller may see them. The reset key itself is not stored. */
export function presentUser({ user, apiKey, isPrivileged, edits, datasets }: UserProfile) {
  return {
    id: user.id,
    name: user.name,
    fullname: user.fullname,
    display_name: user.fullname || user.name,
    openid: isPrivileged ? user.openid : null,
    email: isPrivileged ? user.email : null,
    email_hash: createHash('md5')
      .update((user.email ?? '').trim().toLowerCase())
      .digest('hex'),
    about: user.about,
    created: timeText(user.createdAt),
    state: user.state,
    sysadmin: user.isSysadmin,
    number_of_edits: edits,
    number_administered_packages: datasets,
    number_created_packages: datasets,
    ...(apiKey === undefined ? {} : { apikey: apiKey, reset_key: null }),
  }
}

export const presentActivity = (shown: ShownRevision) => ({ ...presentWholeRevision(shown), state: shown.revision.state })

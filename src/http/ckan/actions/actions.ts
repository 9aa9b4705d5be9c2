import type { Action } from '../action.ts'
import { browseActions } from './browse.ts'
import { datasetActions } from './dataset.ts'
import { flatActions } from './flat.ts'
import { groupActions } from './group.ts'
import { organizationActions } from './organization.ts'
import { relationshipActions } from './relationship.ts'
import { resourceActions } from './resource.ts'
import { siteActions } from './site.ts'
import { tokenActions } from './token.ts'
import { userActions } from './user.ts'

const table: Readonly<Record<string, Action>> = {
  ...datasetActions,
  ...flatActions,
  ...resourceActions,
  ...browseActions,
  ...groupActions,
  ...organizationActions,
  ...relationshipActions,
  ...userActions,
  ...tokenActions,
}

/** Every action of the hub by its name on the wire. */
export const actions: ReadonlyMap<string, Action> = new Map(Object.entries({ ...table, ...siteActions(table) }))

import type { Action } from './action.ts'
import { browseActions } from './actions-browse.ts'
import { datasetActions } from './actions-dataset.ts'
import { flatActions } from './actions-flat.ts'
import { groupActions } from './actions-group.ts'
import { organizationActions } from './actions-organization.ts'
import { relationshipActions } from './actions-relationship.ts'
import { resourceActions } from './actions-resource.ts'
import { siteActions } from './actions-site.ts'
import { tokenActions } from './actions-token.ts'
import { userActions } from './actions-user.ts'

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

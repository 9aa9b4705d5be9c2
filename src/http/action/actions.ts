import type { Action } from './action.ts'
import { browseActions } from './actions-browse.ts'
import { datasetActions } from './actions-dataset.ts'
import { flatActions } from './actions-flat.ts'
import { groupActions } from './actions-group.ts'
import { relationshipActions } from './actions-relationship.ts'
import { resourceActions } from './actions-resource.ts'
import { userActions } from './actions-user.ts'

/** Every action of the hub by its name on the wire. */
export const actions: ReadonlyMap<string, Action> = new Map(
  Object.entries({
    ...datasetActions,
    ...flatActions,
    ...resourceActions,
    ...browseActions,
    ...groupActions,
    ...relationshipActions,
    ...userActions,
  }),
)

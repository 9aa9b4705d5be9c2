import type { Action } from './action.ts'
import { browseActions } from './actions-browse.ts'
import { datasetActions } from './actions-dataset.ts'
import { groupActions } from './actions-group.ts'
import { resourceActions } from './actions-resource.ts'

/** Every action of the hub by its name on the wire. */
export const actions: ReadonlyMap<string, Action> = new Map(
  Object.entries({ ...datasetActions, ...resourceActions, ...browseActions, ...groupActions }),
)

import type { Action } from './action.ts'
import { datasetActions } from './actions-dataset.ts'
import { resourceActions } from './actions-resource.ts'

/** Every action of the hub by its name on the wire. */
export const actions: ReadonlyMap<string, Action> = new Map(Object.entries({ ...datasetActions, ...resourceActions }))

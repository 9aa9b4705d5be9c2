import { notFound } from '../../base/errors.ts'
import type { Input } from '../../catalogue/field-reader.ts'
import { requireSite } from '../../catalogue/policy.ts'
import type { Context } from '../../context.ts'
import { actions } from './actions/actions.ts'
import { toJson } from './json-text.ts'

/**
 * Runs an action for a caller within the hub, as `POST /api/3/action/NAME` would, and hands back its `result` as JSON text.
 * Throws the errors of the domain, `not_found` for an unknown action too.
 */
export async function callAction(ctx: Context, name: string, input: Input): Promise<string> {
  requireSite(ctx, 'read')
  const action = actions.get(name)
  if (!action) throw notFound('action', name)
  return toJson(await action.run(ctx, input, { prefix: '/api/3/action' }))
}

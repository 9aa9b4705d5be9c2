import { forbidden } from '../../base/errors.ts'
import type { Context } from '../../context.ts'
import type { JobState } from '../../jobs/job.ts'
import { actsFor, isStorable } from '../access.ts'
import { applyPipelineEvent } from './conclude.ts'
import type { PipelineEvent } from './event.ts'
import { findPipeline } from './pipeline-store.ts'

/** How an event from outside was taken. Both are null when there is no such open pipeline. */
export interface UpdateOutcome {
  readonly flowId: string | null
  readonly state: JobState | null
}

/** What a caller shows to be let in, beside his own key: a token of the flow's owner, or the flow's hook secret. */
export interface UpdateCredentials {
  readonly token: string | undefined
  readonly hookKey: string | undefined
}

/** The secret of a flow's hook address, which is handed to an external pipelines service. */
export const hookKeyOf = (ctx: Pick<Context, 'vault'>, flowId: string): string => ctx.vault.digest(`flow hook ${flowId}`)

/**
 * Takes an event from outside as the truth, also about a pipeline that the hub itself runs. Throws `forbidden` for callers
 * without a right to it, and just so for pipelines that do not exist.
 */
export async function updatePipelineFromOutside(
  ctx: Context,
  event: Omit<PipelineEvent, 'jobId' | 'logTail'>,
  credentials: UpdateCredentials,
): Promise<UpdateOutcome> {
  const pipelineId = event.pipelineId.replace(/^\.\//, '')
  const pipeline = isStorable(pipelineId) ? await findPipeline(ctx.store.db, pipelineId) : undefined
  const flowId = pipeline?.flowId ?? pipelineId.split('/').slice(0, 3).join('/')
  await requireRight(ctx, flowId, credentials)
  const outcome = pipeline && (await ctx.store.write((write) => applyPipelineEvent(write, { ...event, pipelineId }, ctx.clock())))
  if (outcome?.hasEnded) ctx.log.info({ flow: outcome.flow.id, state: outcome.flow.state }, 'a flow has ended')
  return { flowId: outcome?.flow.id ?? null, state: outcome?.flow.state ?? null }
}

/** The owner is part of the flow's id, so that a stranger cannot tell whether a flow exists. */
async function requireRight(ctx: Context, flowId: string, { token, hookKey }: UpdateCredentials): Promise<void> {
  if (hookKey !== undefined && hookKey === hookKeyOf(ctx, flowId)) return
  if (await actsFor(ctx, flowId.split('/')[0] ?? '', token)) return
  throw forbidden('not allowed to update this pipeline')
}

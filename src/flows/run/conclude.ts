import { publishDataset } from '../../catalogue/dataset/publish.ts'
import type { Write } from '../../store/store.ts'
import { type Flow, findDataset, findOwnerName } from '../flow-store.ts'
import { type EventOutcome, type PipelineEvent, recordEvent } from './event.ts'
import { listResults } from './pipeline-store.ts'
import { describePublication } from './publication.ts'
import { endUselessJobs } from './start.ts'

/**
 * Applies an event and does what follows from it, all in the caller's write: a flow that has succeeded is in the catalogue
 * as soon as anybody can see that it has. Undefined: there is no such open pipeline.
 */
export async function applyPipelineEvent(write: Write, event: PipelineEvent, now: number): Promise<EventOutcome | undefined> {
  const outcome = await recordEvent(write, event, now)
  if (outcome) await endUselessJobs(write, outcome.uselessJobs)
  if (outcome?.hasEnded && outcome.flow.state === 'done') await publishFlow(write, outcome.flow, now)
  return outcome
}

/** A flow that others have run to its end has no package here, and publishes nothing. */
async function publishFlow(write: Write, flow: Flow, now: number): Promise<void> {
  const [made] = await listResults(write.db, write.dialect, [flow.id])
  const dataset = await findDataset(write.db, flow.datasetId)
  if (!made || !dataset) return
  const ownerName = (await findOwnerName(write.db, dataset.ownerId)) ?? ownerInSpec(flow) ?? dataset.ownerId
  await publishDataset(write, { store: write, clock: () => now }, describePublication(flow, { ...dataset, ownerName }, made))
}

function ownerInSpec({ spec }: Flow): string | undefined {
  const meta = spec['meta']
  const owner = typeof meta === 'object' && meta !== null && 'owner' in meta ? meta['owner'] : undefined
  return typeof owner === 'string' && owner !== '' ? owner : undefined
}

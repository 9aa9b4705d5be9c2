import type { CkanLowLevelClient } from '../low-level/low-level.ts'
import type { CkanDataset } from '../objects/dataset.ts'

/** Renames a stored dataset, so that its name is free again, and deletes it. In older CKAN a deleted dataset keeps its name. */
export async function wipe(client: CkanLowLevelClient, dataset: CkanDataset): Promise<void> {
  const id = String(dataset.id)
  await client.updateDataset({ ...dataset.toPayload(), name: `deleted-${randomName()}` })
  await client.deleteDataset(id)
}

/** Ten characters of a-z and 0-9. */
function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10))
  return [...bytes].map((byte) => (byte % 36).toString(36)).join('')
}

import { CkanNotFoundError, CkanProtocolError } from '../errors.ts'
import { writeGroup } from '../high-level/kind.ts'
import { wipe } from '../high-level/wipe.ts'
import type { CkanLowLevelClient } from '../low-level/low-level.ts'
import { isRecord, type PlainRecord } from '../record.ts'
import { type Found, toDataset } from './index/catalogue-index.ts'
import type { SyncSettings } from './options.ts'

export type GroupKind = 'group' | 'organization'

/** The catalogue that is made equal to the source: the calls that a run makes. */
export class Catalogue {
  readonly #client: CkanLowLevelClient

  /** The client's signal is that of the run. */
  constructor(client: CkanLowLevelClient) {
    this.#client = client
  }

  /** All datasets that the key may see, private ones and drafts included. */
  iterDatasets(pageSize: number): AsyncGenerator<PlainRecord, void, undefined> {
    return this.#client.iterDatasets({ pageSize, readAhead: true })
  }

  /** A dataset by id or name, deleted or not; null if there is none. */
  findDataset(ref: string): Promise<PlainRecord | null> {
    return orNull(this.#client.getDataset(ref))
  }

  /** A group or organization by id or name, deleted or not, without its datasets and members; null if there is none. */
  async findGroup(kind: GroupKind, ref: string): Promise<PlainRecord | null> {
    const parts = { include_datasets: false, include_users: false, include_dataset_count: false, include_followers: false }
    const found = await orNull(this.#client.action(`${kind}_show`, { id: ref, ...parts }))
    return found === null ? null : requireRecord(`${kind}_show`, found)
  }

  /** Sent again if the answer is lost: if the first one arrived, its name is found to be taken, by the very same record. */
  async createDataset(payload: PlainRecord): Promise<PlainRecord> {
    return requireRecord('package_create', await this.#client.action('package_create', payload, { idempotent: true }))
  }

  updateDataset(payload: PlainRecord): Promise<PlainRecord> {
    return this.#client.updateDataset(payload)
  }

  /** Deletes a stored dataset in one of the three ways. */
  async removeDataset(found: Found, mode: SyncSettings['deleteMode']): Promise<void> {
    const { id } = found
    if (mode === 'wipe') return wipe(this.#client, toDataset(found))
    return mode === 'purge' ? this.#client.purgeDataset(id) : this.#client.deleteDataset(id)
  }

  createGroup(kind: GroupKind, payload: PlainRecord): Promise<PlainRecord> {
    return kind === 'group' ? this.#client.createGroup(payload) : this.#client.createOrganization(payload)
  }

  /** Writes a group or organization without touching its members and datasets. */
  writeGroup(kind: GroupKind, payload: PlainRecord): Promise<PlainRecord> {
    return writeGroup(this.#client, kind, payload)
  }
}

function requireRecord(action: string, result: unknown): PlainRecord {
  if (isRecord(result)) return result
  throw new CkanProtocolError(`${action}: the result is not an object`, { action, method: 'POST' })
}

async function orNull<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call
  } catch (error) {
    if (error instanceof CkanNotFoundError) return null
    throw error
  }
}

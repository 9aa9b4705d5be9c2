import { CkanNotFoundError } from '../errors.ts'
import { CkanLowLevelClient, type DatasetQuery } from '../low-level/low-level.ts'
import type { ClientOptions } from '../low-level/options.ts'
import { CkanDataset } from '../objects/dataset.ts'
import { CkanGroup, CkanOrganization } from '../objects/group.ts'
import type { PlainRecord } from '../record.ts'
import {
  type CkanWarning,
  type GetOptions,
  hasId,
  type Kind,
  Records,
  type Saved,
  type UpdateOptions,
  type Verification,
  writeGroup,
} from './kind.ts'
import { wipe } from './wipe.ts'

export interface HighLevelOptions extends ClientOptions {
  /** What happens if the server stored something else than was sent: a warning, a CkanMismatchError, or nothing. Default 'warn'. */
  verify?: 'warn' | 'throw' | 'off'
  /** Takes warnings; default console.warn. */
  onWarning?: (warning: CkanWarning) => void
}

const DATASET: Kind<CkanDataset> = {
  label: 'dataset',
  prefix: 'package',
  build: (values) => new CkanDataset(values),
  show: (client, ref) => client.getDataset(ref),
  create: (client, payload) => client.createDataset(payload),
  write: (client, payload) => client.updateDataset(payload),
}

const GROUP: Kind<CkanGroup> = {
  label: 'group',
  prefix: 'group',
  build: (values) => new CkanGroup(values),
  show: (client, ref) => client.getGroup(ref),
  create: (client, payload) => client.createGroup(payload),
  write: (client, payload) => writeGroup(client, 'group', payload),
}

const ORGANIZATION: Kind<CkanOrganization> = {
  label: 'organization',
  prefix: 'organization',
  build: (values) => new CkanOrganization(values),
  show: (client, ref) => client.getOrganization(ref),
  create: (client, payload) => client.createOrganization(payload),
  write: (client, payload) => writeGroup(client, 'organization', payload),
}

/** Objects instead of records: what is read is what was asked for or a CkanNotFoundError, what is written is whole and checked. */
export class CkanHighLevelClient {
  readonly lowLevel: CkanLowLevelClient
  readonly #options: HighLevelOptions
  readonly #datasets: Records<CkanDataset>
  readonly #groups: Records<CkanGroup>
  readonly #organizations: Records<CkanOrganization>

  /** With a low-level client its own options count, not those given here. */
  constructor(server: string | CkanLowLevelClient, options: HighLevelOptions = {}) {
    const { verify, onWarning, ...clientOptions } = options
    this.lowLevel = server instanceof CkanLowLevelClient ? server : new CkanLowLevelClient(server, clientOptions)
    this.#options = options
    const verification = parseVerification(verify, onWarning)
    this.#datasets = new Records(this.lowLevel, DATASET, verification)
    this.#groups = new Records(this.lowLevel, GROUP, verification)
    this.#organizations = new Records(this.lowLevel, ORGANIZATION, verification)
  }

  /** A copy without key. */
  get anonymous(): CkanHighLevelClient {
    return new CkanHighLevelClient(this.lowLevel.anonymous, this.#options)
  }

  /** Ids of all datasets; with a key private ones and drafts too. */
  listDatasets(): Promise<string[]> {
    return collectIds(this.lowLevel.iterDatasets())
  }

  /** Names of all public datasets. */
  listDatasetNames(): Promise<string[]> {
    return this.lowLevel.listDatasets()
  }

  /** All datasets that a search finds, read by pages. */
  async *iterDatasets(query: DatasetQuery = {}): AsyncGenerator<Saved<CkanDataset>, void, undefined> {
    for await (const record of this.lowLevel.iterDatasets(query)) {
      const dataset = new CkanDataset(record)
      if (hasId(dataset)) yield dataset
    }
  }

  /** The dataset with this id; a name is not taken for one. */
  getDataset(id: string, options: GetOptions = {}): Promise<Saved<CkanDataset>> {
    return this.#datasets.get(id, 'id', options)
  }

  /** The dataset with this name; an id is not taken for one. */
  getDatasetByName(name: string, options: GetOptions = {}): Promise<Saved<CkanDataset>> {
    return this.#datasets.get(name, 'name', options)
  }

  createDataset(dataset: CkanDataset | object): Promise<Saved<CkanDataset>> {
    return this.#datasets.create(dataset)
  }

  updateDataset(dataset: CkanDataset | object, options: UpdateOptions = {}): Promise<Saved<CkanDataset>> {
    return this.#datasets.update(dataset, options)
  }

  /** Updates what has an id, creates what has none. */
  saveDataset(dataset: CkanDataset | object, options: UpdateOptions = {}): Promise<Saved<CkanDataset>> {
    return this.#datasets.save(dataset, options)
  }

  /** Marks a dataset as deleted; one that is not there is fine. */
  deleteDataset(id: string): Promise<void> {
    return this.lowLevel.deleteDataset(id)
  }

  /** Renames a dataset, so that its name is free again, and deletes it. */
  async wipeDataset(id: string): Promise<void> {
    await wipe(this.lowLevel, await this.getDataset(id))
  }

  /** Removes a dataset for good; one that is not there is fine. */
  purgeDataset(id: string): Promise<void> {
    return this.lowLevel.purgeDataset(id)
  }

  listLicenses(): Promise<PlainRecord[]> {
    return this.lowLevel.listLicenses()
  }

  /** Ids of all groups. */
  listGroups(): Promise<string[]> {
    return collectIds(this.lowLevel.iterGroups())
  }

  listGroupNames(): Promise<string[]> {
    return this.lowLevel.listGroups()
  }

  /** All groups, whole, one request each. */
  iterGroups(): AsyncGenerator<Saved<CkanGroup>, void, undefined> {
    return showEach(this.lowLevel.iterGroups(), (id) => this.getGroup(id))
  }

  getGroup(id: string, options: GetOptions = {}): Promise<Saved<CkanGroup>> {
    return this.#groups.get(id, 'id', options)
  }

  getGroupByName(name: string, options: GetOptions = {}): Promise<Saved<CkanGroup>> {
    return this.#groups.get(name, 'name', options)
  }

  createGroup(group: CkanGroup | object): Promise<Saved<CkanGroup>> {
    return this.#groups.create(group)
  }

  updateGroup(group: CkanGroup | object, options: UpdateOptions = {}): Promise<Saved<CkanGroup>> {
    return this.#groups.update(group, options)
  }

  saveGroup(group: CkanGroup | object, options: UpdateOptions = {}): Promise<Saved<CkanGroup>> {
    return this.#groups.save(group, options)
  }

  /** Removes a group for good; its datasets stay. */
  deleteGroup(id: string): Promise<void> {
    return this.lowLevel.deleteGroup(id)
  }

  /** Ids of all organizations. */
  listOrganizations(): Promise<string[]> {
    return collectIds(this.lowLevel.iterOrganizations())
  }

  listOrganizationNames(): Promise<string[]> {
    return this.lowLevel.listOrganizations()
  }

  /** All organizations, whole, one request each. */
  iterOrganizations(): AsyncGenerator<Saved<CkanOrganization>, void, undefined> {
    return showEach(this.lowLevel.iterOrganizations(), (id) => this.getOrganization(id))
  }

  getOrganization(id: string, options: GetOptions = {}): Promise<Saved<CkanOrganization>> {
    return this.#organizations.get(id, 'id', options)
  }

  getOrganizationByName(name: string, options: GetOptions = {}): Promise<Saved<CkanOrganization>> {
    return this.#organizations.get(name, 'name', options)
  }

  createOrganization(organization: CkanOrganization | object): Promise<Saved<CkanOrganization>> {
    return this.#organizations.create(organization)
  }

  updateOrganization(organization: CkanOrganization | object, options: UpdateOptions = {}): Promise<Saved<CkanOrganization>> {
    return this.#organizations.update(organization, options)
  }

  saveOrganization(organization: CkanOrganization | object, options: UpdateOptions = {}): Promise<Saved<CkanOrganization>> {
    return this.#organizations.save(organization, options)
  }

  /** Removes an organization for good. */
  deleteOrganization(id: string): Promise<void> {
    return this.lowLevel.deleteOrganization(id)
  }
}

function parseVerification(verify: HighLevelOptions['verify'] = 'warn', onWarning: HighLevelOptions['onWarning'] = warnOnConsole): Verification {
  if (!['warn', 'throw', 'off'].includes(verify)) throw new TypeError(`verify must be warn, throw or off; got ${String(verify)}`)
  return { verify, onWarning }
}

function warnOnConsole(warning: CkanWarning): void {
  // biome-ignore lint/suspicious/noConsole: the documented default of a library that has no log of its own
  console.warn(warning.message, warning.differences)
}

async function collectIds(records: AsyncIterable<PlainRecord>): Promise<string[]> {
  const ids: string[] = []
  for await (const record of records) ids.push(String(record['id']))
  return ids
}

/** Reads each listed object; one that was deleted meanwhile is left out. */
async function* showEach<T>(records: AsyncIterable<PlainRecord>, get: (id: string) => Promise<T>): AsyncGenerator<T, void, undefined> {
  for await (const record of records) {
    try {
      yield await get(String(record['id']))
    } catch (error) {
      if (!(error instanceof CkanNotFoundError)) throw error
    }
  }
}

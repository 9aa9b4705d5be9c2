import { CkanValidationError } from '../../errors.ts'
import { replacementOf } from '../../high-level/merge.ts'
import { CkanDataset } from '../../objects/dataset.ts'
import type { PlainRecord } from '../../record.ts'
import { type Found, readHarvested, toDataset } from '../index/catalogue-index.ts'
import { FLAG } from '../index/record-table.ts'
import type { SyncItem } from '../report.ts'
import type { RunContext } from '../run-context.ts'
import { mergeDataset } from './merge.ts'

/** A dataset of the source, ready to be written. */
export interface Prepared {
  sourceId: string
  /** Its entry in the index. */
  entry: number
  dataset: CkanDataset
}

/** What became of it; null: its name belongs to a dataset that this run may still delete, so that it is tried again after that. */
export type Outcome = Pick<SyncItem, 'action' | 'ckanId' | 'name' | 'changedFields'>

const MAX_NAME_CHARACTERS = 100
const SUFFIXED_CHARACTERS = 80
const MAX_SUFFIXES = 5

/** Creates or updates one dataset, or finds that there is nothing to do. */
export async function writeDataset(run: RunContext, prepared: Prepared, mayWait: boolean): Promise<Outcome | null> {
  const { index, catalogue } = run
  const ckanId = index.ckanIdOf(prepared.entry)
  if (ckanId === null) return create(run, prepared, mayWait)
  if (index.isUnchanged(prepared.entry, prepared.dataset)) return { action: 'unchanged', ckanId, name: prepared.dataset.name, changedFields: [] }
  const stored = await catalogue.findDataset(ckanId)
  const found = stored && readHarvested(stored, run.sourceName)
  return found?.sourceId === prepared.sourceId ? update(run, prepared, toDataset(found)) : create(run, prepared, mayWait)
}

async function update({ settings, catalogue }: RunContext, { dataset }: Prepared, stored: CkanDataset): Promise<Outcome> {
  const merged = mergeDataset(dataset, stored, settings)
  const changedFields = changesOf(merged, stored)
  const outcome: Outcome = { action: 'update', ckanId: stored.id, name: merged.name, changedFields }
  if (changedFields.length === 0) return { ...outcome, action: 'unchanged' }
  if (settings.dryRun) return outcome
  try {
    await catalogue.updateDataset(replacementOf(merged, stored))
    return outcome
  } catch (error) {
    if (!isNameFault(error) || merged.name === stored.name) throw error
  }
  // The name that the source wants is taken: everything else is written.
  merged.name = stored.name
  const rest = changesOf(merged, stored)
  if (rest.length > 0) await catalogue.updateDataset(replacementOf(merged, stored))
  return { action: rest.length > 0 ? 'update' : 'unchanged', ckanId: stored.id, name: stored.name, changedFields: rest }
}

const changesOf = (merged: CkanDataset, stored: CkanDataset) => merged.diff(stored, { ignoreFilled: true }).map((one) => one.field)

async function create(run: RunContext, prepared: Prepared, mayWait: boolean): Promise<Outcome | null> {
  const { catalogue, settings } = run
  const payload = prepared.dataset.toPayload()
  const name = prepared.dataset.name?.slice(0, MAX_NAME_CHARACTERS) ?? ''
  if (settings.dryRun) return { action: 'create', ckanId: null, name, changedFields: [] }
  const made = await orNameFault(catalogue.createDataset({ ...payload, name }))
  if (!(made instanceof CkanValidationError)) return created(made)
  if (name === '') throw made
  const holder = await findHolder(run, name)
  if (holder.found?.sourceId === prepared.sourceId) return take(run, prepared, { found: holder.found, refusal: made })
  if (mayWait && holder.found && mayVanish(run, holder.found)) return null
  return createSuffixed(run, prepared, { payload: { ...payload, name }, refusal: made, tries: holder.exists ? MAX_SUFFIXES : 1 })
}

/** Who holds a name, and whether that came from this source. */
async function findHolder({ catalogue, sourceName }: RunContext, name: string): Promise<{ exists: boolean; found: Found | null }> {
  const record = await catalogue.findDataset(name)
  return { exists: record !== null, found: record && readHarvested(record, sourceName) }
}

/** Takes a dataset that came from this very record for the stored one: it was missed while paging, or made by a request whose answer was lost. */
async function take(run: RunContext, prepared: Prepared, { found, refusal }: { found: Found; refusal: CkanValidationError }): Promise<Outcome> {
  const outcome = await update(run, prepared, toDataset(found))
  return refusal.attempts > 1 && outcome.action === 'unchanged' ? { ...outcome, action: 'create' } : outcome
}

interface Suffixing {
  payload: PlainRecord
  refusal: CkanValidationError
  tries: number
}

/** Tries names with six random digits. If no dataset has the name, it is more likely invalid than taken. */
async function createSuffixed(run: RunContext, prepared: Prepared, { payload, refusal, tries }: Suffixing): Promise<Outcome> {
  let last = refusal
  for (let left = tries; left > 0; left--) {
    const name = `${String(payload['name']).slice(0, SUFFIXED_CHARACTERS)}-${sixDigits()}`
    const made = await orNameFault(run.catalogue.createDataset({ ...payload, name }))
    if (!(made instanceof CkanValidationError)) return created(made)
    const { found } = made.attempts > 1 ? await findHolder(run, name) : { found: null }
    if (found?.sourceId === prepared.sourceId) return take(run, prepared, { found, refusal: made })
    last = made
  }
  throw last
}

function created(record: PlainRecord): Outcome {
  const { id, name } = new CkanDataset({ id: record['id'], name: record['name'] })
  return { action: 'create', ckanId: id, name, changedFields: [] }
}

/** Whether the holder of a name came from this source and has not been met there yet. */
function mayVanish({ index }: RunContext, holder: Found): boolean {
  const entry = index.findStored(holder.sourceId)
  return entry !== undefined && !index.is(entry, FLAG.present)
}

/** The result of a write, or the error if the name was refused. */
async function orNameFault(write: Promise<PlainRecord>): Promise<PlainRecord | CkanValidationError> {
  try {
    return await write
  } catch (error) {
    if (isNameFault(error)) return error
    throw error
  }
}

const isNameFault = (error: unknown): error is CkanValidationError => error instanceof CkanValidationError && Object.hasOwn(error.fields, 'name')

function sixDigits(): string {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1))
  return String(random % 1_000_000).padStart(6, '0')
}

import type { CkanDataset } from '../../objects/dataset.ts'
import type { CkanResource } from '../../objects/resource.ts'
import { copyJson } from '../../record.ts'
import type { SyncSettings } from '../options.ts'

/** What an update makes of a stored dataset: all that the source gives, but for what the settings keep. */
export function mergeDataset(source: CkanDataset, stored: CkanDataset, settings: SyncSettings): CkanDataset {
  const merged = source.clone()
  merged.id = stored.id
  merged.resources = matchResources(source.resources, stored.resources)
  if (settings.datasetPreserveNames) merged.name = stored.name
  if (settings.datasetPreserveOrganization && stored.owner_org) merged.owner_org = stored.owner_org
  if (settings.datasetGroupMergeStrategy === 'add') merged.groups = [...stored.groups, ...source.groups]
  if (settings.datasetGroupMergeStrategy === 'preserve') merged.groups = stored.groups
  for (const name of settings.keepFields) keepField(merged, stored, name)
  return merged
}

function keepField(merged: CkanDataset, stored: CkanDataset, name: string): void {
  if (merged.isField(name)) Object.assign(merged, { [name]: Reflect.get(stored, name) })
  else if (Object.hasOwn(stored.other, name)) merged.other[name] = copyJson(stored.other[name])
  else delete merged.other[name]
}

/** Gives resources of the source the ids of those that are stored under the same address, else under the same name. Ids of the source mean nothing here. */
function matchResources(source: readonly CkanResource[], stored: readonly CkanResource[]): CkanResource[] {
  const left = new Set(stored)
  const byUrl = pair(source, left, (resource) => resource.url)
  const unpaired = source.filter((resource) => !byUrl.has(resource))
  const byName = pair(unpaired, left, (resource) => resource.name)
  return source.map((resource) => {
    const match = byUrl.get(resource)
    const merged = match ? fill(resource.clone(), match) : resource.clone()
    merged.id = match?.id ?? byName.get(resource)?.id ?? null
    return merged
  })
}

/** Pairs of resources with the same text, in their order; each stored one once. */
function pair(
  source: readonly CkanResource[],
  left: Set<CkanResource>,
  textOf: (resource: CkanResource) => string | null,
): Map<CkanResource, CkanResource> {
  const waiting = new Map<string, CkanResource[]>()
  for (const resource of [...left].reverse()) {
    const text = textOf(resource)
    const same = waiting.get(text ?? '')
    if (same) same.push(resource)
    else if (text) waiting.set(text, [resource])
  }
  const pairs = new Map<CkanResource, CkanResource>()
  for (const resource of source) {
    const match = waiting.get(textOf(resource) ?? '')?.pop()
    if (!match) continue
    left.delete(match)
    pairs.set(resource, match)
  }
  return pairs
}

/** What the source leaves empty does not count as changed, so that an update for another reason keeps it as well. */
function fill(resource: CkanResource, stored: CkanResource): CkanResource {
  const empty = resource.fieldNames.filter((name) => resource.canonicalValue(name) === '')
  return Object.assign(resource, Object.fromEntries(empty.map((name) => [name, Reflect.get(stored, name)])))
}

import { Type } from 'typebox'
import { datasetTextNames, datasetTexts } from '../../../catalogue/dataset/dataset.ts'
import { mergeAbsent, mergeFlat } from '../../../catalogue/dataset/draft.ts'
import { createDataset, updateDataset, type ValidDataset, validateDatasetUpdate, validateNewDataset } from '../../../catalogue/dataset/edit.ts'
import { type ShownDataset, showChanged, showDataset } from '../../../catalogue/dataset/read.ts'
import type { Input } from '../../../catalogue/field-reader.ts'
import { summarizeRatings } from '../../../catalogue/rating/store.ts'
import { listRelationships } from '../../../catalogue/relationship/relationship.ts'
import { approveDataset } from '../../../catalogue/revision/approve.ts'
import type { Context } from '../../../context.ts'
import { type Action, action } from '../action.ts'
import { ById, ChangedPackage, NewPackage } from '../input/package.ts'
import { anything, optionalText } from '../input/parameter.ts'
import { presentPackage } from '../present/dataset.ts'
import { type FlatPackage, presentFlat } from '../present/flat.ts'
import { extrasFromObject } from './group.ts'

const flatKeys = {
  tags: anything('list of names, or one text with blanks between them'),
  extras: anything('object of keys and values'),
  download_url: optionalText('address of the only resource, if no resources are given'),
}
/** Groups are shown in this form, and changed in the other one. */
const { groups: _ofNew, ...newKeys } = NewPackage.properties
const { groups: _ofChanged, ...changedKeys } = ChangedPackage.properties
const NewFlat = Type.Object({ ...newKeys, ...flatKeys }, { additionalProperties: true })
const ChangedFlat = Type.Object({ ...changedKeys, ...flatKeys }, { additionalProperties: true })

/** The flat form as an input of the other actions; groups are not part of it. */
function fromFlat(input: Input): Input {
  const { groups: _groups, tags, download_url, ...rest } = extrasFromObject(input)
  const names = typeof tags === 'string' ? tags.split(/\s+/).filter((name) => name !== '') : tags
  const resources = rest['resources'] ?? (download_url ? [{ url: download_url }] : undefined)
  return { ...rest, ...(names === undefined ? {} : { tags: names }), ...(resources === undefined ? {} : { resources }) }
}

async function flatten(ctx: Context, shown: ShownDataset): Promise<FlatPackage> {
  const relationships = await listRelationships(ctx, { id: shown.dataset.id })
  return { shown, relationships, ratings: await summarizeRatings(ctx.store.db, shown.dataset.no) }
}

/** The validated dataset, in the form of an input. */
function presentValid({ id, draft }: ValidDataset): Record<string, unknown> {
  const { core } = draft
  return {
    ...(id === undefined ? {} : { id }),
    name: core.name,
    title: core.title,
    ...Object.fromEntries(datasetTextNames.map((name) => [datasetTexts[name], core[name]])),
    type: core.type,
    state: core.state,
    private: core.isPrivate,
    owner_org: draft.ownerOrgId,
    resources: draft.resources.map(({ id: resourceId, rest, url, name, description, format, hash, mimetype, size }) => ({
      ...rest,
      ...(resourceId === undefined ? {} : { id: resourceId }),
      ...{ url, name, description, format, hash, mimetype, size },
    })),
    tags: draft.tagNames.map((name) => ({ name })),
    extras: [...draft.extras].map(([key, value]) => ({ key, value })),
    groups: draft.groups.map((group) => ({ id: group.groupId, name: group.groupName })),
  }
}

const flat = (result: FlatPackage, { config }: Context) => presentFlat(result, config)

/** The flat form of packages, validation without storing, partial changes, approval. */
export const flatActions: Readonly<Record<string, Action>> = {
  package_show_rest: action({
    help: 'A package in the flat form: names of tags and groups, extras as an object.',
    input: ById,
    run: async (ctx, { id }) => flatten(ctx, await showDataset(ctx, id)),
    present: flat,
  }),
  package_create_rest: action({
    effect: 'write',
    help: 'Creates a package from the flat form. Groups in it are ignored.',
    input: NewFlat,
    run: async (ctx, input) => flatten(ctx, await showChanged(ctx, await createDataset(ctx, fromFlat(input)))),
    present: flat,
  }),
  package_update_rest: action({
    effect: 'write',
    help: 'Changes the given keys of a package in the flat form. Extras are merged key by key, null removes one; empty tags change nothing.',
    input: ChangedFlat,
    run: async (ctx, input) => flatten(ctx, await showChanged(ctx, await updateDataset(ctx, input.id, { input: fromFlat(input), merge: mergeFlat }))),
    present: flat,
  }),
  package_patch: action({
    effect: 'write',
    era: 'later',
    help: 'Changes the keys of a package that are given; lists that are given are replaced as a whole.',
    input: ChangedPackage,
    run: async (ctx, input) => showChanged(ctx, await updateDataset(ctx, input.id, { input, merge: mergeAbsent })),
    present: (shown, { config }) => presentPackage(shown, config),
  }),
  package_create_validate: action({
    effect: 'write',
    help: 'Checks what package_create would check, and stores nothing.',
    input: NewPackage,
    run: validateNewDataset,
    present: presentValid,
  }),
  package_update_validate: action({
    effect: 'write',
    help: 'Checks what package_update would check, and stores nothing.',
    input: ChangedPackage,
    run: (ctx, input) => validateDatasetUpdate(ctx, input.id, input),
    present: presentValid,
  }),
  make_latest_pending_package_active: action({
    effect: 'write',
    help: 'Makes the newest pending version of a package the current one.',
    input: ById,
    async run(ctx, { id }) {
      await approveDataset(ctx, id)
      return null
    },
  }),
}

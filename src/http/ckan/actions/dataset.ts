import { Type } from 'typebox'
import { invalid } from '../../../base/errors.ts'
import { createDataset, deleteDataset, updateDataset } from '../../../catalogue/dataset/edit.ts'
import { listDatasets, searchDatasets, showChanged, showDataset } from '../../../catalogue/dataset/read.ts'
import { missingValue } from '../../../catalogue/field-reader.ts'
import { purgeDataset } from '../../../catalogue/purge.ts'
import { facetTitles } from '../../../catalogue/search/facet-titles.ts'
import type { Context } from '../../../context.ts'
import { type Action, action } from '../action.ts'
import { ById, CreatedPackage, UpdatedPackage } from '../input/package.ts'
import { defaultSchema, flag, Nothing, optionalText, whole } from '../input/parameter.ts'
import { readSearch, SearchInput, wantedKeys } from '../input/search.ts'
import { presentPackage } from '../present/dataset.ts'
import { presentSearch } from '../present/search.ts'

const shown = (dataset: Parameters<typeof presentPackage>[0], { config }: Context) => presentPackage(dataset, config)

/** Reading, searching and changing packages. */
export const datasetActions: Readonly<Record<string, Action>> = {
  site_read: action({ help: 'Whether the caller may read this site; true, or the call is refused.', input: Nothing, run: async () => true }),
  package_list: action({
    help: 'Names of all active public packages, in ascending order.',
    input: Type.Object({
      limit: whole('how many names to return; all by default'),
      offset: whole('how many names to skip'),
      include_private: flag('also private packages that the caller may read'),
      include_drafts: flag('also drafts that the caller may read'),
      include_deleted: flag('also deleted packages that the caller may read'),
    }),
    run: (ctx, { include_private = false, include_drafts = false, include_deleted = false, ...page }) =>
      listDatasets(ctx, { ...page, include: { isPrivate: include_private, isDraft: include_drafts, isDeleted: include_deleted } }),
  }),
  package_show: action({
    help: 'One package with its resources, tags, extras, groups and relationships.',
    input: Type.Object({
      id: optionalText('id or name of the package; required'),
      name_or_id: optionalText('the same as id'),
      use_default_schema: defaultSchema,
    }),
    run(ctx, input) {
      const ref = input.id || input.name_or_id
      if (!ref) throw invalid({ id: [missingValue] })
      return showDataset(ctx, ref)
    },
    present: shown,
  }),
  package_search: action({
    help: 'Packages that have all words and meet all conditions, the best first, with counts for the requested facets.',
    isSearch: true,
    input: SearchInput,
    async run(ctx, input, call) {
      const found = await searchDatasets(ctx, readSearch(input, { call, config: ctx.config, now: ctx.clock() }))
      return { found, keys: wantedKeys(input), sort: input.sort ?? 'score desc, name asc', titles: await facetTitles(ctx, found.facets) }
    },
    present: presentSearch,
  }),
  package_create: action({
    effect: 'write',
    help: 'Creates a package. The caller becomes its admin.',
    input: CreatedPackage,
    run: async (ctx, input) => showChanged(ctx, await createDataset(ctx, input)),
    present: shown,
  }),
  package_update: action({
    effect: 'write',
    help: 'Changes a package: single fields that are given, and the lists of resources, tags, extras and groups as a whole. A list that is not given is emptied.',
    input: UpdatedPackage,
    async run(ctx, input) {
      const ref = input.id || input.name
      if (!ref) throw invalid({ id: [missingValue] })
      return showChanged(ctx, await updateDataset(ctx, ref, { input }))
    },
    present: shown,
  }),
  dataset_purge: action({
    effect: 'write',
    era: 'later',
    help: 'Removes a package for good, so that its name is free again. For sysadmins.',
    input: ById,
    run: async (ctx, { id }) => {
      await purgeDataset(ctx, id)
      return null
    },
  }),
  package_delete: action({
    effect: 'write',
    help: 'Marks a package as deleted. Its admin brings it back by package_update with state "active".',
    input: ById,
    run: async (ctx, { id }) => {
      await deleteDataset(ctx, id)
      return null
    },
  }),
}

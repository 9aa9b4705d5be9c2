import { Type } from 'typebox'
import { notFound } from '../../../base/errors.ts'
import { completeDatasets, completeFormats } from '../../../catalogue/dataset/complete-store.ts'
import { listCurrentDatasets } from '../../../catalogue/dataset/read.ts'
import { licencesOf } from '../../../catalogue/licence/list.ts'
import { listDatasetRevisions, listGroupRevisions, listRevisions, showRevision } from '../../../catalogue/revision/read.ts'
import { completeTags, datasetsWithTag, listTags, showTag } from '../../../catalogue/tag/tag.ts'
import { type Action, action } from '../action.ts'
import { ById } from '../input/package.ts'
import { flag, Nothing, onlyTrue, optionalText, requireTrue, whole } from '../input/parameter.ts'
import { joinTexts, withTexts } from '../json-text.ts'
import { presentCore, presentLicence, presentRevision, presentTag, presentWholeRevision } from '../present/catalogue.ts'
import { presentPackage } from '../present/dataset.ts'

const Page = Type.Object({ limit: whole('how many to return; all by default'), offset: whole('how many to skip') })
const Completing = Type.Object({ q: optionalText('what has been typed so far'), limit: whole('how many to return') })

const revisionActions: Readonly<Record<string, Action>> = {
  revision_list: action({ help: 'Ids of all revisions, the newest first.', input: Page, run: listRevisions }),
  revision_show: action({
    help: 'A revision: its author, time and message, and the packages and groups that it changed.',
    input: ById,
    run: (ctx, { id }) => showRevision(ctx, id),
    present: presentWholeRevision,
  }),
  package_revision_list: action({
    help: 'Revisions that changed a package, its resources, extras or tags, the newest first.',
    input: ById,
    run: (ctx, { id }) => listDatasetRevisions(ctx, id),
    present: (revisions) => revisions.map(presentRevision),
  }),
  group_revision_list: action({
    help: 'Revisions that changed a group, its packages or extras, the newest first.',
    input: ById,
    run: (ctx, { id }) => listGroupRevisions(ctx, id),
    present: (revisions) => revisions.map(presentRevision),
  }),
}

const licenceList = action({
  help: 'The licences that packages may name by license_id.',
  input: Nothing,
  run: async (ctx) => [...licencesOf(ctx.config).values()],
  present: (licences) => licences.map(presentLicence),
})

const tagActions: Readonly<Record<string, Action>> = {
  tag_list: action({
    help: 'Names of tags in use, ascending; with q a page of those that contain every word of it; with all_fields objects with their packages.',
    input: Type.Object({
      q: optionalText('words that the names contain'),
      query: optionalText('the same as q'),
      all_fields: flag('objects instead of names'),
      limit: whole('with q: how many to return, 25 by default'),
      offset: whole('with q: how many to skip'),
      vocabulary_id: optionalText('id or name of a vocabulary: not found, because this hub has no vocabularies'),
      return_objects: onlyTrue,
    }),
    async run(ctx, input) {
      if (input.vocabulary_id) throw notFound('vocabulary_id', input.vocabulary_id)
      requireTrue(input, 'return_objects')
      const tags = await listTags(ctx, { ...input, q: input.q || input.query })
      if (!input.all_fields) return tags.map((tag) => tag.name)
      const shown = []
      for (const tag of tags) shown.push({ ...presentTag(tag), packages: (await datasetsWithTag(ctx, tag)).map(presentCore) })
      return shown
    },
  }),
  tag_show: action({
    help: 'A tag with its packages.',
    input: ById,
    run: (ctx, { id }) => showTag(ctx, id),
    present({ tag, datasets }, { config }) {
      return withTexts(presentTag(tag), { packages: joinTexts(datasets.map((dataset) => presentPackage(dataset, config))) })
    },
  }),
  tag_show_rest: action({
    help: 'Names of the packages with a tag, ascending.',
    input: ById,
    run: (ctx, { id }) => showTag(ctx, id),
    present: ({ datasets }) => datasets.map(({ dataset }) => dataset.name),
  }),
}

const completions: Readonly<Record<string, Action>> = {
  package_autocomplete: action({
    help: 'Packages whose name or title begins with q, or has it as the beginning of a word.',
    input: Completing,
    run: async (ctx, { q = '', limit = 10 }) => (q === '' ? [] : completeDatasets(ctx, q, Math.min(limit, 1000))),
    present: (found) =>
      found.map(({ name, title, isByName }) => ({ name, title, match_field: isByName ? 'name' : 'title', match_displayed: isByName ? name : title })),
  }),
  tag_autocomplete: action({
    help: 'Names of tags that contain every word of q.',
    input: Type.Object({ ...Completing.properties, query: optionalText('the same as q') }),
    run: (ctx, { q, query, limit }) => completeTags(ctx, { q: q || query, limit }),
    present: (tags) => tags.map((tag) => tag.name),
  }),
  format_autocomplete: action({
    help: 'Formats of resources that contain q, the most frequent first.',
    input: Completing,
    run: async (ctx, { q = '', limit = 5 }) => (q === '' ? [] : completeFormats(ctx, q, Math.min(limit, 1000))),
  }),
}

/** Lists, revisions, licences, tags and completions. */
export const browseActions: Readonly<Record<string, Action>> = {
  current_package_list_with_resources: action({
    help: 'Active packages with their resources, the most recently revised first.',
    input: Page,
    run: listCurrentDatasets,
    present: (datasets, { config }) => joinTexts(datasets.map((dataset) => presentPackage(dataset, config))),
  }),
  ...revisionActions,
  licence_list: licenceList,
  license_list: licenceList,
  ...tagActions,
  ...completions,
}

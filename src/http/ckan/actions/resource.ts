import { Type } from 'typebox'
import { invalid } from '../../../base/errors.ts'
import { shapeResource } from '../../../catalogue/dataset/package-json.ts'
import { missingValue } from '../../../catalogue/field-reader.ts'
import {
  createResource,
  deleteResource,
  requireResourceRight,
  type ShownResource,
  showResource,
  updateResource,
} from '../../../catalogue/resource/edit.ts'
import { searchResources } from '../../../catalogue/resource/search.ts'
import { fillSite } from '../../../catalogue/site-mark.ts'
import type { Context } from '../../../context.ts'
import { type Action, action } from '../action.ts'
import { optionalText, text, texts, whole } from '../input/parameter.ts'
import { JsonText, joinTexts } from '../json-text.ts'

const presentResource = ({ resource, dataset }: ShownResource, { config }: Context) =>
  new JsonText(fillSite(JSON.stringify(shapeResource(resource, dataset)), config.siteUrl))

const resourceKeys = {
  url: optionalText('address of the data; not needed with a file in the part "upload"'),
  name: optionalText('name'),
  description: optionalText('description'),
  format: optionalText('format such as CSV'),
  hash: optionalText('hash of the data'),
  mimetype: optionalText('media type'),
}

const open = { additionalProperties: true }
const ResourceById = Type.Object({ id: text('id of the resource') })
const ChangedResource = Type.Object({ id: text('id of the resource'), ...resourceKeys }, open)
const NewResource = Type.Object({ package_id: text('id or name of the package'), ...resourceKeys }, open)

const finding: Readonly<Record<string, Action>> = {
  resource_search: action({
    help: 'Resources whose fields contain all terms, such as `name:water`.',
    era: 'later',
    input: Type.Object({
      query: texts('field:text, or a list of such'),
      order_by: optionalText('field to sort by'),
      limit: whole('how many to return, 100 by default'),
      offset: whole('how many to skip'),
    }),
    run: (ctx, { query, order_by, limit, offset }) => {
      if (!query) throw invalid({ query: [missingValue] })
      return searchResources(ctx, { query, orderBy: order_by, limit, offset })
    },
    present: ({ count, resources }, ctx) =>
      new JsonText(`{"count":${count},"results":${joinTexts(resources.map((one) => presentResource(one, ctx))).text}}`),
  }),
  resource_view_list: action({
    help: 'The views of a resource: an empty list, because this hub has no previews.',
    era: 'later',
    input: ResourceById,
    run: async (ctx, { id }) => {
      await showResource(ctx, id)
      return []
    },
  }),
}

/** Reading and changing single resources. */
export const resourceActions: Readonly<Record<string, Action>> = {
  ...finding,
  resource_show: action({
    help: 'One resource.',
    era: 'later',
    input: ResourceById,
    run: (ctx, { id }) => showResource(ctx, id),
    present: presentResource,
  }),
  resource_create: action({
    effect: 'write',
    help: 'Appends a resource to a package: a link, or a file in the part "upload".',
    input: NewResource,
    upload: (ctx, { package_id }) => requireResourceRight(ctx, { datasetRef: package_id }),
    run: (ctx, input, { upload }) => createResource(ctx, input.package_id, { input, upload }),
    present: presentResource,
  }),
  resource_update: action({
    effect: 'write',
    help: 'Changes a resource: the given keys are set, the others stay.',
    input: ChangedResource,
    upload: requireResourceRight,
    run: (ctx, input, { upload }) => updateResource(ctx, input.id, { input, upload, mode: 'update' }),
    present: presentResource,
  }),
  resource_patch: action({
    effect: 'write',
    help: 'Changes the keys of a resource that are given; the address may be left out.',
    era: 'later',
    input: ChangedResource,
    upload: requireResourceRight,
    run: (ctx, input, { upload }) => updateResource(ctx, input.id, { input, upload, mode: 'patch' }),
    present: presentResource,
  }),
  resource_delete: action({
    effect: 'write',
    help: 'Removes a resource from its package.',
    era: 'later',
    input: ResourceById,
    async run(ctx, { id }) {
      await deleteResource(ctx, id)
      return null
    },
  }),
}

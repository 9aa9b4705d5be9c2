import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { notFound } from '../../base/errors.ts'
import { requireSite } from '../../catalogue/policy.ts'
import { showResource } from '../../catalogue/resource/edit.ts'
import { mediaTypeOf } from '../../catalogue/resource/file-type.ts'
import { pagesSurface } from '../pages/routes.ts'
import { appendedToLinks } from '../server/query-check.ts'
import { sendFile } from '../server/send-file.ts'
import { contextOf } from '../server/session.ts'
import type { Hub, Surface } from '../server/surface.ts'

interface DownloadPath {
  Params: { dataset: string; resource: string; file: string }
}

/** Downloads of the resources of datasets. */
export const filesSurface: Surface = {
  name: 'files',
  // The surface of the pages answers errors below /dataset.
  paths: [],
  routes(app: FastifyInstance, hub: Hub) {
    const querystring = Type.Object({}, { patternProperties: appendedToLinks })
    const schema = { summary: 'The file of a resource; a resource that is a link is redirected to', tags: ['catalogue'], querystring }
    app.get<DownloadPath>('/dataset/:dataset/resource/:resource/download/:file', { schema }, (request, reply) => download(request, reply, hub))
  },
  fault: pagesSurface.fault,
}

async function download(request: FastifyRequest<DownloadPath>, reply: FastifyReply, { base }: Hub) {
  const ctx = contextOf(request)
  requireSite(ctx, 'read')
  const { resource, dataset } = await showResource(ctx, request.params.resource)
  const { digest, fileName } = resource
  if (dataset.id !== request.params.dataset && dataset.name !== request.params.dataset) throw notFound('resource', resource.id)
  if (digest !== null) {
    const name = fileName ?? 'file'
    return sendFile(request, reply, { file: { digest, name, mediaType: mediaTypeOf(name) ?? resource.mimetype }, files: base.files })
  }
  const target = resource.isOwnUrl ? base.config.siteUrl + resource.url : resource.url
  const isItself = target.includes(`/resource/${resource.id}/download/`)
  if (!/^https?:\/\//i.test(target) || !URL.canParse(target) || isItself) throw notFound('file of the resource', resource.id)
  return reply.redirect(new URL(target).href, 302)
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { getFlowFile, isPackageFile, readPackage } from '../../flows/download.ts'
import { mediaTypeOf } from '../../flows/run/publication.ts'
import { updatePipelineFromOutside } from '../../flows/run/update.ts'
import { showFlow } from '../../flows/show.ts'
import { uploadSpec } from '../../flows/upload.ts'
import { parseJson } from '../server/body.ts'
import { defaultStatus, HttpError } from '../server/errors.ts'
import { sendFile } from '../server/send-file.ts'
import { contextOf } from '../server/session.ts'
import type { Answer, Hub, Surface } from '../server/surface.ts'
import { addAuthRoutes } from './auth-routes.ts'
import { parseEvent } from './event-body.ts'
import { presentFlow, presentPackage, presentUpdate, presentUpload } from './present.ts'
import { about, EventBody, FlowAnswer, FlowPath, flowTakes, TokenHeader, UpdateAnswer, UpdateQuery, UploadAnswer, uploadTakes } from './schema.ts'
import { queryText, tokenOf } from './token.ts'

/** The spec store, and the token service for its clients. */
export const sourceSurface: Surface = {
  name: 'source',
  paths: ['source', 'auth'],
  routes(app, hub) {
    addUpload(app)
    addUpdate(app)
    addFlows(app, hub)
    addAuthRoutes(app, hub)
  },
  fault(error, request): Answer {
    const status = error instanceof HttpError ? error.status : defaultStatus[error.code]
    const path = request.routeOptions.url
    const errors = [error.message]
    if (path === '/source/upload') return { status, body: { success: false, dataset_id: null, flow_id: null, errors } }
    if (path === '/source/update') return { status, body: { success: 'fail', status: null, id: null, errors } }
    return { status, body: { error: error.message } }
  },
}

/** The parsed body; undefined if there is none or its type is not JSON. Throws `HttpError` 400. */
async function jsonBody(request: FastifyRequest): Promise<unknown> {
  const { body } = request
  const isJson = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(request.headers['content-type'] ?? '')
  if (!isJson || !Buffer.isBuffer(body) || body.length === 0) return undefined
  return (await parseJson(body)) ?? undefined
}

function addUpload(app: FastifyInstance): void {
  const schema = about('Uploads a source spec and starts its flow', { ...uploadTakes, response: { 200: UploadAnswer }, security: [{ token: [] }] })
  app.post('/source/upload', { ...schema, serializerCompiler: () => JSON.stringify }, async (request) => {
    return presentUpload(await uploadSpec(contextOf(request), { spec: await jsonBody(request), token: tokenOf(request) }))
  })
}

function addUpdate(app: FastifyInstance): void {
  const schema = about('Tells an event of a pipeline that runs elsewhere', {
    querystring: UpdateQuery,
    headers: TokenHeader,
    body: EventBody,
    response: { 200: UpdateAnswer },
  })
  app.post('/source/update', { ...schema, serializerCompiler: () => JSON.stringify }, async (request) => {
    const event = parseEvent(await jsonBody(request))
    const outcome = await updatePipelineFromOutside(contextOf(request), event, { token: tokenOf(request), hookKey: queryText(request, 'key') })
    return presentUpdate(outcome, event.errors)
  })
}

interface FileRequest {
  Params: FlowPath & { '*': string }
}

function addFlows(app: FastifyInstance, hub: Hub): void {
  const { config } = hub.base
  const schema = about('A revision of a dataset: its spec, its state and its pipelines', {
    ...flowTakes,
    params: FlowPath,
    response: { 200: FlowAnswer },
  })
  app.get<{ Params: FlowPath }>('/source/:owner/:dataset/:revision', { ...schema, serializerCompiler: () => JSON.stringify }, async (request) => {
    return presentFlow(await showFlow(contextOf(request), { ...request.params, token: tokenOf(request) }), config.siteUrl)
  })
  app.get<FileRequest>('/source/:owner/:dataset/:revision/*', about('A file that a revision has made', flowTakes), (request, reply) =>
    answerFile(hub, request, reply),
  )
}

async function answerFile({ base }: Hub, request: FastifyRequest<FileRequest>, reply: FastifyReply) {
  const { '*': path, ...flow } = request.params
  const file = await getFlowFile(contextOf(request), { ...flow, path, token: tokenOf(request) })
  if (isPackageFile(file)) return presentPackage(await readPackage(base, file), base.config.siteUrl)
  const name = file.path.split('/').at(-1) ?? 'file'
  const mediaType = file.format === null ? undefined : mediaTypeOf(file.format)
  return sendFile(request, reply, { file: { digest: file.digest, name, mediaType }, files: base.files })
}

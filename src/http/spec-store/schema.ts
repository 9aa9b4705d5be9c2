import { type Static, Type } from 'typebox'

/** The OpenAPI description of a route. */
export const about = (summary: string, more: object = {}) => ({ schema: { summary, tags: ['source'], ...more } })

const Jwt = Type.Optional(Type.String({ description: 'a token, where the header Auth-Token is not sent' }))
export const TokenHeader = Type.Object({ 'auth-token': Type.Optional(Type.String({ description: 'a token' })) })
/** The query parameters of all routes that read tokens. */
export const flowTakes = { querystring: Type.Object({ jwt: Jwt }), headers: TokenHeader }
export const uploadTakes = {
  ...flowTakes,
  body: Type.Object({
    meta: Type.Unsafe<object>({ type: 'object', description: 'whose dataset it is, its name, and who may see it' }),
    inputs: Type.Array(Type.Unsafe<object>({ type: 'object' }), { description: 'one data package' }),
    processing: Type.Optional(Type.Array(Type.Unsafe<object>({ type: 'object' }), { description: 'further tables that are made of resources' })),
    outputs: Type.Optional(Type.Array(Type.Unsafe<object>({ type: 'object' }), { description: 'the name of the ZIP' })),
    schedule: Type.Optional(Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'how often the flow runs by itself' })),
  }),
}
export const authorizeTakes = {
  headers: TokenHeader,
  querystring: Type.Object({ service: Type.Optional(Type.String({ description: 'the service that the token is for, such as `source`' })), jwt: Jwt }),
}
export const checkTakes = {
  headers: TokenHeader,
  querystring: Type.Object({
    jwt: Jwt,
    next: Type.Optional(Type.String({ description: 'sent by clients of DataHQ; has no effect, since this hub lists no login providers' })),
  }),
}
export const ResolveQuery = Type.Object({ username: Type.String({ description: 'the name of a user' }) })

export const FlowPath = Type.Object({
  owner: Type.String(),
  dataset: Type.String(),
  revision: Type.String({ description: 'a number, `latest` or `successful`' }),
})
export type FlowPath = Static<typeof FlowPath>

const TextOrNull = Type.Unsafe<string | null>({ type: ['string', 'null'] })

export const UploadAnswer = Type.Object({
  success: Type.Boolean(),
  dataset_id: TextOrNull,
  flow_id: TextOrNull,
  errors: Type.Array(Type.String()),
})
export type UploadAnswer = Static<typeof UploadAnswer>

export const UpdateAnswer = Type.Object({
  success: Type.Unsafe<'success' | 'pending' | 'fail'>({ enum: ['success', 'pending', 'fail'] }),
  status: TextOrNull,
  id: TextOrNull,
  errors: Type.Array(Type.String()),
})
export type UpdateAnswer = Static<typeof UpdateAnswer>

const PipelineState = Type.Object({
  title: Type.String(),
  status: Type.String({ enum: ['QUEUED', 'INPROGRESS', 'SUCCEEDED', 'FAILED'] }),
  stats: Type.Unsafe<object | null>({ type: ['object', 'null'] }),
  error_log: Type.Array(Type.String()),
})

export const FlowAnswer = Type.Object({
  id: Type.String(),
  spec_contents: Type.Unsafe<object>({ type: 'object' }),
  modified: Type.String({ format: 'date-time' }),
  state: Type.String({ enum: ['QUEUED', 'INPROGRESS', 'SUCCEEDED', 'FAILED'] }),
  logs: Type.Array(Type.String()),
  error_log: Type.Array(Type.String()),
  stats: Type.Unsafe<object | null>({ type: ['object', 'null'] }),
  pipelines: Type.Record(Type.String(), PipelineState),
  certified: Type.Boolean(),
})
export type FlowAnswer = Static<typeof FlowAnswer>

export const UpdateQuery = Type.Object({
  jwt: Jwt,
  key: Type.Optional(Type.String({ description: "the secret of the flow's hook" })),
})

export const EventBody = Type.Object({
  pipeline_id: Type.Optional(Type.String()),
  pipeline: Type.Optional(Type.String({ description: 'the same under its documented name' })),
  event: Type.String({ enum: ['queue', 'start', 'progress', 'finish'] }),
  success: Type.Optional(Type.Boolean()),
  errors: Type.Optional(Type.Array(Type.String())),
  stats: Type.Optional(Type.Unsafe<object>({ type: 'object' })),
  log: Type.Optional(Type.Array(Type.String())),
})

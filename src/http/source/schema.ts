import { type Static, Type } from 'typebox'

/** How a route stands in the OpenAPI page. */
export const about = (summary: string, more: object = {}) => ({ schema: { summary, tags: ['source'], ...more } })

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

export const EventBody = Type.Object({
  pipeline_id: Type.Optional(Type.String()),
  pipeline: Type.Optional(Type.String({ description: 'the same under its documented name' })),
  event: Type.String({ enum: ['queue', 'start', 'progress', 'finish'] }),
  success: Type.Optional(Type.Boolean()),
  errors: Type.Optional(Type.Array(Type.String())),
  stats: Type.Optional(Type.Unsafe<object>({ type: 'object' })),
  log: Type.Optional(Type.Array(Type.String())),
})

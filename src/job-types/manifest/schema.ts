import { type Static, type TProperties, Type } from 'typebox'
import { maxVersionLength, versionPattern } from '../version.ts'

const closed = <Fields extends TProperties>(fields: Fields) => Type.Object(fields, { additionalProperties: false })
const optionalText = Type.Optional(Type.String())
const optionalFlag = Type.Optional(Type.Boolean())

const name = Type.String({ pattern: '^[a-zA-Z0-9_-]+$' })
const version = Type.String({ maxLength: maxVersionLength, pattern: versionPattern })
const jsonType = Type.Enum(['array', 'boolean', 'integer', 'number', 'object', 'string'])

const Maintainer = closed({ name: Type.String(), email: Type.String(), organization: optionalText, url: optionalText, phone: optionalText })

const Resources = closed({
  scalar: Type.Optional(Type.Array(closed({ name, value: Type.Number(), inputMultiplier: Type.Optional(Type.Number()) }))),
})

const FileInput = closed({
  name,
  required: optionalFlag,
  mediaTypes: Type.Optional(Type.Array(Type.String())),
  multiple: optionalFlag,
  partial: optionalFlag,
})
const JsonInput = closed({ name, type: jsonType, required: optionalFlag })
const FileOutput = closed({ name, pattern: Type.String(), mediaType: optionalText, multiple: optionalFlag, required: optionalFlag })
const JsonOutput = closed({ name, type: jsonType, key: optionalText, required: optionalFlag })

const Interface = closed({
  command: optionalText,
  inputs: Type.Optional(closed({ files: Type.Optional(Type.Array(FileInput)), json: Type.Optional(Type.Array(JsonInput)) })),
  outputs: Type.Optional(closed({ files: Type.Optional(Type.Array(FileOutput)), json: Type.Optional(Type.Array(JsonOutput)) })),
  mounts: Type.Optional(Type.Array(closed({ name, path: Type.String(), mode: Type.Optional(Type.Enum(['ro', 'rw'])) }))),
  settings: Type.Optional(Type.Array(closed({ name, secret: optionalFlag }))),
})

/** `name` may be missing in a request; a stored error always has one (`manifest.ts`). */
const ExitError = closed({
  code: Type.Integer(),
  name: Type.Optional(name),
  title: optionalText,
  description: optionalText,
  category: Type.Optional(Type.Enum(['job', 'data'])),
})

/** A Seed 1.0.0 manifest as it is posted. Every object is closed; nothing may be null. */
export const SeedManifest = closed({
  seedVersion: Type.Enum(['1.0.0']),
  job: closed({
    name: Type.String({ maxLength: 50, pattern: '^[a-zA-Z0-9-]+$' }),
    jobVersion: version,
    packageVersion: version,
    title: Type.String(),
    description: Type.String(),
    tags: Type.Optional(Type.Array(Type.String({ maxLength: 50 }))),
    maintainer: Maintainer,
    timeout: Type.Integer({ minimum: 1 }),
    resources: Type.Optional(Resources),
    interface: Type.Optional(Interface),
    errors: Type.Optional(Type.Array(ExitError)),
  }),
})

export type SeedManifest = Static<typeof SeedManifest>

import { type Static, Type } from 'typebox'
import { maxInteger } from '../../job-types/configuration.ts'
import type { JobTypeChanges, NewJobType } from '../../job-types/edit.ts'
import type { Unchecked } from '../../job-types/manifest/check.ts'
import { type Checked, compileCheck } from '../../job-types/manifest/configuration-schema.ts'
import { finding, type Warning } from '../../job-types/manifest/finding.ts'
import { HttpError } from '../server/errors.ts'
import { parseFlag, parseWhole } from './query.ts'

/** The domain checks the content and reports faults under its own names. */
const AnyObject = Type.Unsafe<Unchecked>({ type: 'object' })

const fields = {
  icon_code: Type.Optional(Type.Unsafe<string | null>({ type: ['string', 'null'], maxLength: 20, description: 'Font Awesome code' })),
  is_published: Type.Optional(Type.Boolean({ description: 'whether outputs are offered to the catalogue' })),
  is_active: Type.Optional(Type.Boolean({ description: 'false retires the version' })),
  is_paused: Type.Optional(Type.Boolean({ description: 'true keeps its jobs in the queue' })),
  max_scheduled: Type.Optional(
    Type.Unsafe<number | null>({
      type: ['integer', 'null'],
      minimum: 0,
      maximum: maxInteger,
      description: 'jobs that may run at the same time; null and 0: no limit',
    }),
  ),
  docker_image: Type.String({ minLength: 1, maxLength: 500 }),
  manifest: AnyObject,
  configuration: Type.Optional(AnyObject),
  auto_update: Type.Optional(
    Type.Boolean({ description: 'accepted for clients of Scale; has no effect, since no plan of this hub runs registered types' }),
  ),
}

export const NewBody = Type.Object(fields, { additionalProperties: false })
export const EditBody = Type.Object(
  { ...fields, docker_image: Type.Optional(fields.docker_image), manifest: Type.Optional(AnyObject) },
  { additionalProperties: false },
)
/** The fields of a validation: those of a registration. */
export const ValidationBody = Type.Object({ ...fields, docker_image: Type.Optional(fields.docker_image) }, { additionalProperties: false })

/** The fields of a registration or an edit in the query string, which take precedence over those of the body. */
export const FieldsQuery = Type.Object(
  Object.fromEntries(
    ['docker_image', 'icon_code', 'is_published', 'is_active', 'is_paused', 'max_scheduled', 'auto_update'].map((name) => [
      name,
      Type.Optional(Type.String({ description: 'as in the body, and goes before it' })),
    ]),
  ),
)

const checkNew = compileCheck(NewBody, 'body')
const checkEdit = compileCheck(EditBody, 'body')
const checkValidation = compileCheck(ValidationBody, 'body')

const flagFields = ['is_published', 'is_active', 'is_paused', 'auto_update']

/** The fields of a request: those of the query string take precedence over those of the body. Texts of booleans and numbers are converted. */
export function collectFields(body: Unchecked, query: URLSearchParams): Unchecked {
  const given = new Map(Object.entries(body))
  for (const name of Object.keys(FieldsQuery.properties)) {
    const value = query.get(name)
    if (value !== null) given.set(name, value)
  }
  for (const name of flagFields) {
    const value = given.get(name)
    if (typeof value === 'string') given.set(name, parseFlag(name, value))
  }
  const most = given.get('max_scheduled')
  if (typeof most === 'string') given.set('max_scheduled', parseWhole('max_scheduled', most))
  return Object.fromEntries(given)
}

/** Throws `HttpError` 400. */
export function parseNew(value: Unchecked): NewJobType {
  const body = checked(checkNew(value))
  return { ...toChanges(body), dockerImage: body.docker_image, manifest: body.manifest }
}

/** Throws `HttpError` 400. */
export const parseEdit = (value: Unchecked): JobTypeChanges => toChanges(checked(checkEdit(value)))

/** Throws `HttpError` 400. */
export const parseValidation = (value: Unchecked): Static<typeof ValidationBody> => checked(checkValidation(value))

/** Warnings about fields of a request without effect. */
export const warningsAbout = (given: Unchecked): Warning[] =>
  Object.hasOwn(given, 'auto_update')
    ? [finding('NO_EFFECT', 'auto_update has no effect: no plan of this hub runs registered types, so that recipe_types is always empty')]
    : []

function checked<T>(result: Checked<T>): T {
  if (result.faults) throw new HttpError(400, result.faults.slice(0, 10).join('; '))
  return result.value
}

const toChanges = (body: Static<typeof EditBody>): JobTypeChanges => ({
  iconCode: body.icon_code,
  isPublished: body.is_published,
  isActive: body.is_active,
  isPaused: body.is_paused,
  maxScheduled: body.max_scheduled,
  dockerImage: body.docker_image,
  manifest: body.manifest,
  configuration: body.configuration,
})

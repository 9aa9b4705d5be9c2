import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { Static, TSchema } from 'typebox'
import { compilePattern } from '../../base/pattern.ts'
import { shorten } from './finding.ts'

/** Above this many values only the first fault is reported: a list of a million wrong entries has a million faults. */
const maxValues = 5_000
const maxFaults = 50

/** Patterns run on the engine without backtracking. Ajv caches compiled patterns by their text. */
const regExp = Object.assign((source: string) => ({ test: compilePattern(source).test, toString: () => source }), { code: 'compilePattern' })
const options = { ownProperties: true, strictTypes: false, discriminator: true, code: { regExp } }
/** Compiled for the first document, since compiling takes longer than most other parts of the start together. */
const compilers = lazy(() => ({ quick: new Ajv(options), thorough: new Ajv({ ...options, allErrors: true }) }))

/** The value in the form of the schema, or at least one sentence about a fault. */
export type Checked<T> = { readonly value: T; readonly faults?: undefined } | { readonly value?: undefined; readonly faults: readonly string[] }

/** A check against a schema, compiled at its first use. Sentences name the place below `root` and the rule, never the value. */
export function compileCheck<Schema extends TSchema>(schema: Schema, root: string): (value: unknown) => Checked<Static<Schema>> {
  const compiled = lazy(() => {
    const { quick, thorough } = compilers()
    return { passes: quick.compile<Static<Schema>>(schema), collects: thorough.compile<Static<Schema>>(schema) }
  })
  return (value) => {
    const unstorable = findUnstorable(value, root)
    if (unstorable) return { faults: [unstorable] }
    const { passes, collects } = compiled()
    if (passes(value)) return { value }
    return { faults: describeFaults(countValues(value) <= maxValues ? failing(collects, value) : passes, root) }
  }
}

/** Calls `make` at the first call, and returns the same result afterwards. */
function lazy<T extends object>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

function failing(check: ValidateFunction, value: unknown): ValidateFunction {
  check(value)
  return check
}

function describeFaults({ errors }: ValidateFunction, root: string): string[] {
  const sentences = (errors ?? []).map((error) => describe(error, root))
  return [...new Set(sentences)].slice(0, maxFaults)
}

function describe({ instancePath, keyword, params, message }: ErrorObject, root: string): string {
  const place = placeOf(instancePath, root)
  if (keyword === 'required') return `${place} lacks ${params['missingProperty']}`
  if (keyword === 'additionalProperties') return `${place} has an unknown member ${shorten(String(params['additionalProperty']))}`
  if (keyword === 'enum') return `${place} must be one of ${(params['allowedValues'] as unknown[]).join(', ')}`
  if (keyword === 'maxLength') return `${place} must have at most ${params['limit']} characters`
  if (keyword === 'discriminator') return `${place}.${params['tag']} must be of a known kind`
  if (keyword === 'type') return `${place} must be of type ${[params['type']].flat().join(' or ')}`
  return `${place} ${message}`
}

/** `/job/errors/0` below `manifest` is `manifest.job.errors[0]`. */
function placeOf(pointer: string, root: string): string {
  const steps = pointer.split('/').slice(1)
  const texts = steps.map((step) => (/^[0-9]+$/.test(step) ? `[${step}]` : `.${shorten(step.replaceAll('~1', '/').replaceAll('~0', '~'))}`))
  return root + texts.join('')
}

/** Counts the values inside a value, up to slightly more than `maxValues`. */
function countValues(value: unknown, before = 0): number {
  let count = before + 1
  if (typeof value !== 'object' || value === null) return count
  for (const inner of Object.values(value)) {
    if (count > maxValues) break
    count = countValues(inner, count)
  }
  return count
}

/** Databases and environment variables cannot hold a NUL, and half a surrogate pair is not a character. */
const isStorable = (text: string) => !text.includes('\0') && text.isWellFormed()

function findUnstorable(value: unknown, place: string): string | undefined {
  if (typeof value === 'string') return isStorable(value) ? undefined : `${place} holds a character that cannot be stored`
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, inner] of Object.entries(value)) {
    if (!isStorable(key)) return `${place} has a member whose name cannot be stored`
    const found = findUnstorable(inner, Array.isArray(value) ? `${place}[${key}]` : `${place}.${shorten(key)}`)
    if (found) return found
  }
  return undefined
}

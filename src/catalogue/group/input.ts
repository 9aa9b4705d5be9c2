import type { FieldErrors } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import { limits } from '../../base/limits.ts'
import { readExtras, readName } from '../dataset/input.ts'
import { badStructure, FieldReader, missingValue, plainText, textObjection } from '../field-reader.ts'
import { type MemberRole, memberRoles } from '../policy.ts'
import type { Group } from './group.ts'

/** The fields of a group in an input; undefined where the input does not have the field. */
export interface GroupInput {
  readonly name: string | undefined
  readonly title: string | undefined
  readonly description: string | undefined
  readonly imageUrl: string | undefined
  readonly type: string | undefined
  readonly state: 'active' | 'deleted' | undefined
  /** Value by key; null deletes the key. */
  readonly extras: ReadonlyMap<string, string | null> | undefined
  /** Ids or names of datasets, aligned with the input. */
  readonly datasets: readonly string[] | undefined
  /** Who has which role, aligned with the input. */
  readonly members: readonly MemberInput[] | undefined
}

/** A user by id or name, and the role in the group. */
export interface MemberInput {
  readonly ref: string
  readonly role: MemberRole
}

/** Reads a group from an input. The reader collects the errors; derived and unknown keys are ignored. */
export function readGroup(reader: FieldReader, stored?: Pick<Group, 'name' | 'title' | 'description'>): GroupInput {
  for (const field of ['tags', 'groups']) if (reader.list(field)?.length) reader.fail(field, `A group has no ${field} here: leave them out`)
  return {
    name: readName(reader, stored?.name),
    title: reader.text('title', limits.text.line, stored?.title),
    description: reader.text('description', limits.text.long, stored?.description),
    imageUrl: reader.text('image_url', 2000),
    type: reader.text('type', 100),
    state: readState(reader),
    extras: readExtras(reader),
    datasets: readDatasets(reader),
    members: readMembers(reader),
  }
}

function readState(reader: FieldReader): GroupInput['state'] {
  const state = reader.text('state')
  if (state === 'active' || state === 'deleted') return state
  if (state) reader.fail('state', 'Must be active or deleted')
  return undefined
}

function readDatasets(reader: FieldReader): string[] | undefined {
  const list = reader.list('packages')
  if (!list) return undefined
  const refs: string[] = []
  const errors = list.map((item): FieldErrors => {
    if (!isObject(item) && typeof item !== 'string') throw badStructure('packages')
    const ref = plainText(isObject(item) ? (item['id'] ?? item['name']) : item)
    refs.push(ref ?? '')
    if (ref === undefined || ref === '') return { id: [missingValue] }
    const objection = textObjection(ref)
    return objection ? { id: [objection] } : {}
  })
  reader.failItems('packages', errors)
  return refs
}

/** The role that a text names. */
export const parseRole = (text: unknown): MemberRole | undefined => memberRoles.find((role) => role === text)

export const badRole = `Must be one of ${memberRoles.join(', ')}`

function readMembers(reader: FieldReader): MemberInput[] | undefined {
  const list = reader.objects('users')
  if (!list) return undefined
  const members: MemberInput[] = []
  const errors = list.map((item): FieldErrors => {
    const fields = new FieldReader(item)
    const ref = fields.text('name') || fields.text('id') || ''
    const role = parseRole(fields.raw('capacity') ?? 'member')
    if (ref === '' && fields.isValid) fields.fail('name', missingValue)
    if (!role) fields.fail('capacity', badRole)
    members.push({ ref, role: role ?? 'member' })
    return fields.errors
  })
  reader.failItems('users', errors)
  return members
}

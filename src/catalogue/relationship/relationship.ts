import { invalid, notFound } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Context } from '../../context.ts'
import { newId } from '../../store/id.ts'
import type { Write } from '../../store/store.ts'
import { getVisibility, hasRight, requireReading, requireRight } from '../dataset/access.ts'
import { editBy } from '../dataset/edit.ts'
import { refreshDataset } from '../dataset/save.ts'
import { lockDataset } from '../dataset/store.ts'
import { isLonger, tooLong } from '../field-reader.ts'
import { insertRevision, insertVersion } from '../revision/store.ts'
import type { DatasetVisibility } from '../visibility.ts'
import { findRelationship, listRelationshipsBetween, saveRelationship } from './store.ts'

/** Stored (forward) types, and the reverse type of each: the same link seen from the other dataset. */
const reverseOf: Readonly<Record<string, string>> = {
  depends_on: 'dependency_of',
  derives_from: 'has_derivation',
  links_to: 'linked_from',
  child_of: 'parent_of',
}

const forwardOf = new Map(Object.entries(reverseOf).map(([forward, reverse]) => [reverse, forward]))

/** A relationship as it is shown: names, and the type as seen from the subject. */
export interface RelationshipView {
  readonly subject: string
  readonly type: string
  readonly object: string
  readonly comment: string
}

/** A link in the form in which it is stored. */
interface ForwardLink {
  readonly subject: DatasetVisibility
  readonly object: DatasetVisibility
  readonly type: string
}

export interface RelationshipInput {
  readonly id: string
  readonly id2: string
  readonly rel: string
  readonly comment?: string | undefined
}

function readComment({ comment = '' }: RelationshipInput): string {
  if (isLonger(comment, limits.text.line)) throw invalid({ comment: [tooLong(limits.text.line)] })
  return comment
}

/**
 * Relates one dataset to another; an existing relationship gets the comment. Returns the forward form.
 * Throws `not_found`, `forbidden` without the right to edit both, `invalid`.
 */
export async function createRelationship(ctx: Context, input: RelationshipInput): Promise<RelationshipView> {
  return ctx.store.write(async (write) => {
    const link = await lockEnds(ctx, write, input)
    return applyRelationship(ctx, write, { link, state: 'active', comment: readComment(input), verb: 'Create' })
  })
}

/** Changes the comment of a relationship. Throws `not_found` when it does not exist. */
export async function updateRelationship(ctx: Context, input: RelationshipInput): Promise<RelationshipView> {
  return ctx.store.write(async (write) => {
    const link = await lockActive(ctx, write, input)
    return applyRelationship(ctx, write, { link, state: 'active', comment: readComment(input), verb: 'Update' })
  })
}

/** Deletes a relationship; it is kept as deleted. Throws `not_found` when it does not exist. */
export async function deleteRelationship(ctx: Context, input: RelationshipInput): Promise<void> {
  await ctx.store.write(async (write) => {
    const link = await lockActive(ctx, write, input)
    await applyRelationship(ctx, write, { link, state: 'deleted', comment: undefined, verb: 'Delete' })
  })
}

/**
 * The active relationships of a dataset, as seen from it; with `id2` only those with that dataset, with `rel` only those of that type.
 * Throws `not_found` when `rel` is given and no relationship has that type.
 */
export async function listRelationships(
  ctx: Context,
  { id, id2, rel }: { id: string; id2?: string | undefined; rel?: string | undefined },
): Promise<RelationshipView[]> {
  const { db } = ctx.store
  const dataset = await requireReading(ctx, db, await getVisibility(db, id))
  const other = id2 === undefined ? undefined : await requireReading(ctx, db, await getVisibility(db, id2))
  const views: RelationshipView[] = []
  for (const { row, subject, object } of await listRelationshipsBetween(db, dataset.no, other?.no)) {
    const isSubject = subject.no === dataset.no
    const peer = isSubject ? object : subject
    const type = isSubject ? row.type : (reverseOf[row.type] ?? row.type)
    if (rel !== undefined && type !== rel) continue
    if (await hasRight(ctx, 'read', { db, dataset: peer })) views.push({ subject: dataset.name, type, object: peer.name, comment: row.comment })
  }
  if (views.length === 0 && rel !== undefined) throw notFound('relationship', rel)
  return views
}

/** Locks both datasets, always in the same order, and swaps them if the type is a reverse one. */
async function lockEnds(ctx: Context, { db }: Write, { id, id2, rel }: RelationshipInput): Promise<ForwardLink> {
  const one = await getVisibility(db, id)
  const other = await getVisibility(db, id2)
  for (const dataset of [one, other]) await requireRight(ctx, 'edit', { db, dataset })
  const forward = Object.hasOwn(reverseOf, rel) ? rel : forwardOf.get(rel)
  if (forward === undefined) throw invalid({ rel: [`Must be one of ${[...Object.keys(reverseOf), ...forwardOf.keys()].join(', ')}`] })
  if (one.no === other.no) throw invalid({ id2: ['Must be another package'] })
  for (const no of [one.no, other.no].sort((left, right) => left - right)) await lockDataset(db, ctx.store.dialect, no)
  return forward === rel ? { subject: one, object: other, type: forward } : { subject: other, object: one, type: forward }
}

async function lockActive(ctx: Context, write: Write, input: RelationshipInput): Promise<ForwardLink> {
  const link = await lockEnds(ctx, write, input)
  const stored = await findRelationship(write.db, { subjectNo: link.subject.no, objectNo: link.object.no, type: link.type })
  if (stored?.state !== 'active') throw notFound('relationship', input.rel)
  return link
}

interface RelationshipChange {
  readonly link: ForwardLink
  readonly state: 'active' | 'deleted'
  /** Undefined: the one that is stored. */
  readonly comment: string | undefined
  readonly verb: string
}

async function applyRelationship(ctx: Context, write: Write, { link, state, comment, verb }: RelationshipChange): Promise<RelationshipView> {
  const { db } = write
  const { subject, object, type } = link
  const stored = await findRelationship(db, { subjectNo: subject.no, objectNo: object.no, type })
  const wanted = comment ?? stored?.comment ?? ''
  const view = { subject: subject.name, type, object: object.name, comment: wanted }
  if (stored && stored.state === state && stored.comment === wanted) return view
  const edit = editBy(ctx, `REST API: ${verb} package relationship: ${subject.name} ${type} ${object.name}`, ctx.clock())
  const id = stored?.id ?? newId()
  const revision = await insertRevision(db, { id: newId(), at: edit.now, author: edit.author, message: edit.message })
  await saveRelationship(db, {
    id,
    subjectNo: subject.no,
    objectNo: object.no,
    type,
    comment: wanted,
    state,
    stamp: { id: revision.id, at: revision.at },
    isNew: !stored,
  })
  const rows = [{ kind: 'relationship', id, state, values: { type, comment: wanted } }] as const
  for (const end of [subject, object]) {
    await insertVersion(db, { kind: 'dataset', entityNo: end.no, revision, rows })
    await refreshDataset(write, await lockDataset(db, ctx.store.dialect, end.no), edit.now)
  }
  return view
}

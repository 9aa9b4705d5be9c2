import { sql } from 'kysely'
import { batches } from '../../store/batches.ts'
import type { Dialect, RowValues } from '../../store/dialect.ts'
import { perDialect, statement } from '../../store/statement.ts'
import type { Db } from '../../store/store.ts'
import type { Stamp } from '../revision/revision.ts'
import { foldInTurns } from '../text-pieces.ts'
import type { DatasetTag, Extra, Membership } from './dataset.ts'

/** Parts of a dataset that one revision has changed. */
export interface ChangedParts<P> {
  readonly datasetNo: number
  readonly parts: readonly P[]
  /** The parts that have a row already, as they were. */
  readonly stored: readonly P[]
  readonly dialect: Dialect
}

interface LinkValues extends Stamp {
  readonly datasetNo: number
  readonly state: string
}

const insertTagLinks = perDialect((dialect) =>
  statement((_, p: Stamp & { datasetNo: number; tagNos: readonly number[] }) => {
    const tags = dialect.numbers(p.tagNos)
    return sql`insert into dataset_tag (dataset_no, tag_no, state, revision_id, revision_at)
      select cast(${p.datasetNo} as bigint), chosen.value, 'active', ${p.id}, cast(${p.at} as bigint) from ${tags} as chosen`
  }),
)

const updateTagLink = statement((db, p: LinkValues & { tagNo: number }) =>
  db
    .updateTable('dataset_tag')
    .set({ state: p.state, revision_id: p.id, revision_at: p.at })
    .where('dataset_no', '=', p.datasetNo)
    .where('tag_no', '=', p.tagNo),
)

export async function saveTagLinks(db: Db, { datasetNo, parts, stored, dialect }: ChangedParts<DatasetTag>): Promise<void> {
  const known = new Set(stored.map((one) => one.no))
  const added = parts.filter((one) => !known.has(one.no))
  const [first] = added
  if (first) await insertTagLinks(dialect)(db, { datasetNo, tagNos: added.map((one) => one.no), ...first.stamp })
  for (const { no, state, stamp } of parts) if (known.has(no)) await updateTagLink(db, { datasetNo, tagNo: no, state, ...stamp })
}

const insertExtras = perDialect((dialect) =>
  statement((_, p: { datasetNo: number; rows: readonly RowValues[]; revisionId: string; at: number }) => {
    const rows = dialect.rows('added', { id: 'text', key: 'text', value: 'text', value_folded: 'text' }, p.rows)
    return sql`insert into dataset_extra (id, dataset_no, key, value, value_folded, state, revision_id, revision_at)
      select id, cast(${p.datasetNo} as bigint), key, value, value_folded, 'active', ${p.revisionId}, cast(${p.at} as bigint) from ${rows}`
  }),
)

const updateExtra = statement((db, p: LinkValues & { key: string; value: string; folded: string }) =>
  db
    .updateTable('dataset_extra')
    .set({ value: p.value, value_folded: p.folded, state: p.state, revision_id: p.id, revision_at: p.at })
    .where('dataset_no', '=', p.datasetNo)
    .where('key', '=', p.key),
)

export async function saveExtras(db: Db, { datasetNo, parts, stored, dialect }: ChangedParts<Extra>): Promise<void> {
  const known = new Set(stored.map((one) => one.key))
  const added = parts.filter((one) => !known.has(one.key))
  for (const batch of batches(added, ({ value }) => value.length)) {
    const rows: RowValues[] = []
    for (const { id, key, value } of batch) rows.push({ id, key, value, value_folded: await foldInTurns(value) })
    const { stamp } = batch[0]
    await insertExtras(dialect)(db, { datasetNo, rows, revisionId: stamp.id, at: stamp.at })
  }
  for (const { key, value, state, stamp } of parts)
    if (known.has(key)) await updateExtra(db, { datasetNo, key, value, folded: await foldInTurns(value), state, ...stamp })
}

const insertMembership = statement((db, p: LinkValues & { groupNo: number }) =>
  db
    .insertInto('membership')
    .values({ group_no: p.groupNo, dataset_no: p.datasetNo, capacity: 'public', state: p.state, revision_id: p.id, revision_at: p.at }),
)

const updateMembership = statement((db, p: LinkValues & { groupNo: number }) =>
  db
    .updateTable('membership')
    .set({ state: p.state, revision_id: p.id, revision_at: p.at })
    .where('group_no', '=', p.groupNo)
    .where('dataset_no', '=', p.datasetNo),
)

export async function saveMemberships(db: Db, { datasetNo, parts, stored }: Omit<ChangedParts<Membership>, 'dialect'>): Promise<void> {
  const known = new Set(stored.map((one) => one.groupNo))
  for (const { groupNo, state, stamp } of parts) {
    const save = known.has(groupNo) ? updateMembership : insertMembership
    await save(db, { datasetNo, groupNo, state, ...stamp })
  }
}

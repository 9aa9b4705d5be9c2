import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { pino } from 'pino'
import { makeBed, people } from '../../test/catalogue.ts'
import { type Actor, anonymous } from '../context.ts'
import { openSnapshots } from '../store/snapshots.ts'
import { keepReadable } from './dataset/access.ts'
import { datasetStates, newDataset } from './dataset/dataset.ts'
import { listDatasets } from './dataset/read.ts'
import { insertDataset } from './dataset/write-store.ts'
import type { MemberRole } from './policy.ts'
import { IndexedSearch } from './search/memory/worker.ts'
import type { Inclusion } from './search/search.ts'
import { sqlSearch } from './search/sql/engine.ts'
import { hiddenFromChanges, readable, restricted } from './search/sql/visible.ts'
import { asking } from './search/testing/search-model.ts'
import { mayRead, visibilityRuleOf, visibilityRules } from './visibility.ts'
import { findVisibilityByNo } from './visibility-store.ts'

const bed = await makeBed()
const { store, config } = bed.as('root')
const snapshots = openSnapshots(
  bed.url.startsWith('sqlite:') ? { kind: 'sqlite', path: bed.url.slice('sqlite:'.length) } : { kind: 'postgres', url: bed.url },
  pino({ level: 'silent' }),
)
const indexed = new IndexedSearch(snapshots)

const user = (no: number) => ({ kind: 'user', id: `00000000-0000-4000-8000-0000000001${no}`, name: `user-${no}`, sysadmin: false }) as const
const callers = {
  anonymous,
  user: user(10),
  creator: user(11),
  member: user(12),
  editor: user(13),
  admin: user(14),
  elsewhere: user(15),
  sysadmin: people.root,
} as const satisfies Record<string, Actor>
type Caller = keyof typeof callers

/** The roles in the organization that owns datasets here; `elsewhere` is an editor of another one. */
const roles: { readonly [C in Caller]?: MemberRole } = { member: 'member', editor: 'editor', admin: 'admin' }
const organizationNos: number[] = []

before(async () => {
  await store.write(async ({ db }) => {
    for (const name of ['city', 'village']) {
      const id = randomUUID()
      const texts = { id, name, title: name, title_folded: name, description: '', image_url: '', type: 'organization', approval_status: 'approved' }
      const row = { ...texts, is_organization: 1, creator_id: null, created_at: 0, state: 'active', revision_id: id, revision_at: 0 }
      organizationNos.push((await db.insertInto('catalogue_group').values(row).returning('no').executeTakeFirstOrThrow()).no)
    }
    const addRole = (caller: 'member' | 'editor' | 'admin' | 'elsewhere', role: MemberRole, no: number | undefined) =>
      db
        .insertInto('group_role')
        .values({ group_no: no ?? 0, user_id: callers[caller].id, role })
        .execute()
    for (const caller of ['member', 'editor', 'admin'] as const) await addRole(caller, caller, organizationNos[0])
    await addRole('elsewhere', 'editor', organizationNos[1])
  })
  await indexed.load()
})

after(async () => {
  await snapshots.close()
  await bed.drop()
})

const anyFacts = fc.record({
  state: fc.constantFrom(...datasetStates),
  isPrivate: fc.boolean(),
  isUnlisted: fc.boolean(),
  isOwned: fc.boolean(),
  isOfFlow: fc.boolean(),
  creator: fc.constantFrom(undefined, 'creator' as const, 'member' as const),
})
type Facts = typeof anyFacts extends fc.Arbitrary<infer F> ? F : never

const anyInclusion: fc.Arbitrary<Inclusion> = fc.record({ isPrivate: fc.boolean(), isDraft: fc.boolean(), isDeleted: fc.boolean() })

/** Writes datasets as the catalogue does, and returns their numbers. */
async function addDatasets(all: readonly Facts[]): Promise<number[]> {
  return store.write(async (write) => {
    const nos: number[] = []
    for (const { state, isPrivate, isUnlisted, isOwned, isOfFlow, creator } of all) {
      const id = randomUUID()
      const creatorId = creator === undefined ? null : callers[creator].id
      const blank = newDataset({ id, name: `name-${id}`, creatorId, sourceId: isOfFlow ? `owner/${id}` : null, now: 0 })
      const dataset = { ...blank, state, isPrivate, isUnlisted, ownerOrgNo: isOwned ? (organizationNos[0] ?? null) : null }
      nos.push((await insertDataset(write.db, dataset)).no)
      write.change('dataset', id, 'created')
    }
    return nos
  })
}

/** Who reads a dataset, written a second time and in another way than the table. */
function readsByHand(caller: Caller, { state, isPrivate, isOwned, isOfFlow, creator }: Facts): boolean {
  if (caller === 'sysadmin' || (state === 'active' && !isPrivate)) return true
  if (!isOwned || isOfFlow) return caller === creator
  if (state === 'draft') return caller === creator || caller === 'editor' || caller === 'admin'
  return caller === 'member' || caller === 'editor' || caller === 'admin'
}

function foundByHand(caller: Caller, include: Inclusion, facts: Facts): boolean {
  if (!readsByHand(caller, facts)) return false
  if (facts.state === 'active') return facts.isPrivate ? include.isPrivate : !facts.isUnlisted
  return (facts.state === 'draft' && include.isDraft) || (facts.state === 'deleted' && include.isDeleted)
}

const numbers = (nos: Iterable<number>) => [...nos].sort((one, other) => one - other)

/** Those of some datasets that meet a condition of SQL. */
async function meeting(condition: ReturnType<typeof readable>, nos: readonly number[]): Promise<number[]> {
  const { rows } = await sql<{
    no: number
  }>`select dataset.no from dataset where dataset.no ${store.dialect.among(store.dialect.numbers(nos))} and ${condition}`.execute(store.db)
  return numbers(rows.map((row) => row.no))
}

test('each dataset is of one level of visibility', () => {
  fc.assert(
    fc.property(anyFacts, ({ state, isPrivate, isUnlisted }) => {
      const fits = visibilityRules.filter(
        ({ when }) => when.state === state && [isPrivate, undefined].includes(when.isPrivate) && [isUnlisted, undefined].includes(when.isUnlisted),
      )
      assert.deepEqual(fits, [visibilityRuleOf({ state, isPrivate, isUnlisted })])
    }),
  )
})

test('the test of a dataset, SQL and the flags of the index find the same datasets, those of the rule', async () => {
  const anyCaller = fc.constantFrom(...(Object.keys(callers) as Caller[]))
  await fc.assert(
    fc.asyncProperty(fc.array(anyFacts, { minLength: 1, maxLength: 24 }), anyCaller, anyInclusion, async (all, caller, include) => {
      const actor: Actor = callers[caller]
      const nos = await addDatasets(all)
      const own = (found: readonly number[]) => numbers(found.filter((no) => nos.includes(no)))
      const where = (test: (facts: Facts) => boolean) => nos.filter((_, at) => test(all[at] as Facts))

      const datasets = await Promise.all(nos.map((no) => findVisibilityByNo(store.db, no)))
      const read = where((facts) => readsByHand(caller, facts))
      assert.deepEqual(
        datasets.filter((one) => mayRead(actor, one, roles[caller])).map((one) => one.no),
        read,
      )
      assert.deepEqual(
        (await keepReadable({ actor, config, store }, datasets)).map((one) => one.no),
        read,
      )
      assert.deepEqual(await meeting(readable(actor), nos), read)

      const found = where((facts) => foundByHand(caller, include, facts))
      const request = asking({ kind: 'all' }, { include, limit: 1_000_000 })
      const [bySql, byIndex] = [await sqlSearch.search({ actor, store }, request), await indexed.search(actor, request)]
      assert.deepEqual(own(bySql.nos), found)
      assert.deepEqual(own(byIndex.nos), found)
      assert.deepEqual([bySql.count, byIndex.count], [bySql.nos.length, bySql.nos.length])
      const names = new Set(await listDatasets({ actor, config, store }, { include }))
      assert.deepEqual(
        datasets.filter((one) => names.has(one.name)).map((one) => one.no),
        found,
      )

      const closed = where((facts) => !readsByHand('anonymous', facts))
      assert.deepEqual(await meeting(restricted, nos), closed)
      assert.deepEqual(
        await meeting(hiddenFromChanges, nos),
        where((facts) => !readsByHand('anonymous', facts) && facts.state !== 'deleted'),
      )
    }),
    { numRuns: 60 },
  )
})

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { sql } from 'kysely'
import { pino } from 'pino'
import { makeBed, people } from '../../../../test/catalogue.ts'
import { openTestStore } from '../../../../test/store.ts'
import { DomainError } from '../../../base/errors.ts'
import type { Context } from '../../../context.ts'
import { type DatabasePlace, openSnapshots } from '../../../store/snapshots.ts'
import { createDataset, deleteDataset, updateDataset } from '../../dataset/edit.ts'
import { createGroup, deleteGroup, updateGroup } from '../../group/edit.ts'
import type { Query } from '../query.ts'
import type { SearchAnswer, SearchEngine, SearchRequest } from '../search.ts'
import { sqlSearch } from '../sql/engine.ts'
import {
  anyDataset,
  anyRequest,
  asking,
  countByHand,
  everyFacet,
  groups,
  inputOf,
  type ModelDataset,
  meets,
  orderByHand,
  organizations,
  vocabulary,
} from '../testing/search-model.ts'
import { SearchThread } from './engine.ts'
import { IndexedSearch } from './worker.ts'

const bed = await makeBed()
const root = bed.as('root')
const log = pino({ level: 'silent' })
const place: DatabasePlace = bed.url.startsWith('sqlite:')
  ? { kind: 'sqlite', path: bed.url.slice('sqlite:'.length) }
  : { kind: 'postgres', url: bed.url }
const snapshots = openSnapshots(place, log)
const indexed = new IndexedSearch(snapshots)
const catalogue = new Map<string, ModelDataset>()

/** Asks the index itself: no other engine can answer in its place. */
const ofIndex = (ctx: Pick<Context, 'actor'>, request: SearchRequest) => indexed.search(ctx.actor, request)
const words = (text: string): Query => ({ kind: 'words', text })
const listed = () => [...catalogue.values()].filter((one) => one.state === 'active' && !one.isPrivate)
const plain = (answer: SearchAnswer) => ({ ...answer, facets: Object.fromEntries(answer.facets) })

async function namesOf({ nos }: SearchAnswer): Promise<string[]> {
  const names: string[] = []
  for (const no of nos) {
    const row = await root.store.db.selectFrom('dataset').select('name').where('no', '=', no).executeTakeFirst()
    names.push(row?.name ?? `gone ${no}`)
  }
  return names
}

async function save(dataset: ModelDataset, ctx = root): Promise<void> {
  bed.clock += 1000
  const input = inputOf(dataset)
  if (catalogue.has(dataset.name)) await updateDataset(ctx, dataset.name, { input })
  else await createDataset(ctx, input)
  catalogue.set(dataset.name, dataset)
}

/** Organizations, with a role of maria in the first one. */
async function addOrganizations(): Promise<void> {
  await root.store.write(async ({ db }) => {
    for (const [at, name] of organizations.entries()) {
      const row = { id: `00000000-0000-4000-9000-00000000000${at}`, name, title: name, title_folded: name, description: '', image_url: '' }
      const rest = { is_organization: 1, type: 'organization', approval_status: 'approved', creator_id: null, created_at: 0 }
      const stamp = { state: 'active', revision_id: row.id, revision_at: 0 }
      const { no } = await db
        .insertInto('catalogue_group')
        .values({ ...row, ...rest, ...stamp })
        .returning('no')
        .executeTakeFirstOrThrow()
      if (at === 0) await db.insertInto('group_role').values({ group_no: no, user_id: people.maria.id, role: 'member' }).execute()
    }
  })
}

before(async () => {
  await addOrganizations()
  for (const name of groups) await createGroup(root, { name })
  await indexed.load()
  const sample = fc.sample(anyDataset, { numRuns: 60, seed: 7 })
  for (const [at, dataset] of sample.entries()) await save({ ...dataset, name: `set-${(at * 37) % 60}` })
  await deleteGroup(root, 'group-gone')
})

after(async () => {
  await snapshots.close()
  await bed.drop()
})

test('the index gives the same hits, order and facets as SQL, for every query and every caller', async () => {
  const who = fc.constantFrom(...(['anonymous', 'maria', 'jonas', 'root'] as const))
  await fc.assert(
    fc.asyncProperty(anyRequest, who, async (request, name) => {
      const ctx = bed.as(name)
      assert.deepEqual(plain(await ofIndex(ctx, request)), plain(await sqlSearch.search(ctx, request)))
    }),
    { numRuns: 150 },
  )
})

test('hits, order and facets are those that counting by hand gives', async () => {
  await fc.assert(
    fc.asyncProperty(anyRequest, async ({ query, filter }) => {
      const hits = listed().filter((one) => meets(one, query, false) && meets(one, filter, true))
      const answer = await ofIndex(bed.as('anonymous'), asking(query, { filter }))
      assert.equal(answer.count, hits.length)
      assert.deepEqual(await namesOf(answer), orderByHand(hits, query))
      assert.deepEqual(Object.fromEntries(answer.facets), countByHand(hits))
    }),
    { numRuns: 40 },
  )
})

test('after each of many random writes the next search finds the stored datasets, on both engines', async () => {
  const anonymous = bed.as('anonymous')
  const changes = fc.sample(anyDataset, { numRuns: 30, seed: 11 })
  for (const [at, dataset] of changes.entries()) {
    if (at % 7 === 3) {
      const name = `set-${at}`
      const before = catalogue.get(name)
      if (before?.state !== 'active') continue
      await deleteDataset(root, name)
      catalogue.set(name, { ...before, state: 'deleted' })
    } else await save({ ...dataset, name: at % 3 === 0 ? `new-${at}` : `set-${at}` })
    const request = asking({ kind: 'all' })
    const answer = await ofIndex(anonymous, request)
    assert.deepEqual(plain(answer), plain(await sqlSearch.search(anonymous, request)))
    assert.deepEqual(Object.fromEntries(answer.facets), countByHand(listed()))
    assert.deepEqual(await namesOf(answer), orderByHand(listed(), { kind: 'all' }))
  }
})

test('a search during writes sees one change number, never half of a change', async () => {
  const anonymous = bed.as('anonymous')
  const sums = async () => {
    const answer = await ofIndex(anonymous, asking(words('pairword'), { facets: ['tags'] }))
    return { count: answer.count, tagged: answer.facets.get('tags')?.find((one) => one.value === 'pair')?.count ?? 0 }
  }
  const writes = Array.from({ length: 10 }, (_, at) => createDataset(root, { name: `pair-${at}`, notes: 'pairword', tags: [{ name: 'pair' }] }))
  for (let at = 0; at < 10; at++) {
    const { count, tagged } = await sums()
    assert.equal(tagged, count)
  }
  await Promise.all(writes)
  assert.deepEqual(await sums(), { count: 10, tagged: 10 })
  for (let at = 0; at < 10; at++) await deleteDataset(root, `pair-${at}`)
  assert.deepEqual(await sums(), { count: 0, tagged: 0 })
})

test('a write of another process is found by the next search', async () => {
  const store = await openTestStore(bed.url)
  try {
    const elsewhere: Context = { ...root, store }
    await createDataset(elsewhere, { name: 'from-elsewhere', title: 'Elsewhere', tags: [{ name: 'far' }] })
    const answer = await ofIndex(bed.as('anonymous'), asking(words('elsewhere'), { facets: ['tags'] }))
    assert.deepEqual(plain(answer), { count: 1, nos: answer.nos, facets: { tags: [{ value: 'far', count: 1 }] } })
    await deleteDataset(elsewhere, 'from-elsewhere')
    assert.equal((await ofIndex(bed.as('anonymous'), asking(words('elsewhere')))).count, 0)
  } finally {
    await store.close()
  }
})

test('no hit, count or facet includes a dataset that the caller may not read', async () => {
  const secret = { notes: 'secretword', tags: [{ name: 'secret' }], extras: [{ key: 'year', value: '1066' }], license_id: 'secret-licence' }
  await createDataset(root, { ...secret, name: 'secret-private', owner_org: 'org-mine', private: true })
  await createDataset(root, { ...secret, name: 'secret-other', owner_org: 'org-other', private: true })
  await createDataset(root, { ...secret, name: 'secret-deleted' })
  await deleteDataset(root, 'secret-deleted')
  await createDataset(root, { ...secret, name: 'secret-draft', state: 'draft' })
  const include = { isPrivate: true, isDraft: true, isDeleted: true }
  const none = { isPrivate: false, isDraft: false, isDeleted: false }
  const expected: [keyof typeof people, typeof include, string[]][] = [
    ['anonymous', include, []],
    ['jonas', include, []],
    ['maria', include, ['secret-private']],
    ['maria', none, []],
    ['root', none, []],
    ['root', include, ['secret-deleted', 'secret-draft', 'secret-other', 'secret-private']],
  ]
  for (const [who, asked, names] of expected) {
    for (const engine of [{ search: ofIndex }, sqlSearch] satisfies SearchEngine[]) {
      for (const query of [words('secretword'), { kind: 'all' } as const]) {
        const answer = await engine.search(bed.as(who), asking(query, { include: asked, facets: everyFacet }))
        assert.deepEqual(
          (await namesOf(answer)).filter((name) => name.startsWith('secret-')),
          names,
        )
        const counts = ['tags', 'extras_year', 'license_id'].map(
          (field) => answer.facets.get(field)?.find((one) => ['secret', '1066', 'secret-licence'].includes(one.value))?.count ?? 0,
        )
        assert.deepEqual(counts, [names.length, names.length, names.length], `${who} ${names}`)
      }
    }
  }
})

test('facets on private and capacity follow a dataset that is made private or public', async () => {
  await createDataset(root, { name: 'privacy', notes: 'privacyword', owner_org: 'org-mine' })
  const request = asking(words('privacyword'), { include: { isPrivate: true, isDraft: false, isDeleted: false }, facets: ['private', 'capacity'] })
  for (const isPrivate of [false, true, false]) {
    await updateDataset(root, 'privacy', { input: { name: 'privacy', notes: 'privacyword', owner_org: 'org-mine', private: isPrivate } })
    const expected = {
      private: [{ value: String(isPrivate), count: 1 }],
      capacity: [{ value: isPrivate ? 'private' : 'public', count: 1 }],
    }
    for (const engine of [{ search: ofIndex }, sqlSearch] satisfies SearchEngine[])
      assert.deepEqual(plain(await engine.search(root, request)).facets, expected)
  }
  await deleteDataset(root, 'privacy')
})

test('a dataset of a source is private to its creator, whatever its organization', async () => {
  await createDataset(bed.as('root'), { name: 'flow-made', notes: 'flowword', owner_org: 'org-mine', private: true })
  await root.store.write(async (write) => {
    const values = { source_id: 'a-source', creator_id: people.jonas.id }
    const row = await write.db.updateTable('dataset').set(values).where('name', '=', 'flow-made').returning('id').executeTakeFirstOrThrow()
    write.change('dataset', row.id, 'updated')
  })
  const request = asking(words('flowword'), { include: { isPrivate: true, isDraft: true, isDeleted: true } })
  for (const engine of [{ search: ofIndex }, sqlSearch] satisfies SearchEngine[]) {
    assert.equal((await engine.search(bed.as('jonas'), request)).count, 1)
    assert.equal((await engine.search(bed.as('maria'), request)).count, 0)
  }
})

test('a group that is renamed or removed is counted so from the next search on', async () => {
  await createGroup(root, { name: 'before' })
  await createDataset(root, { name: 'in-group', notes: 'groupword', groups: [{ name: 'before' }] })
  const counts = async () => (await ofIndex(root, asking(words('groupword'), { facets: ['groups'] }))).facets.get('groups')
  assert.deepEqual(await counts(), [{ value: 'before', count: 1 }])
  await updateGroup(root, 'before', { input: { name: 'afterwards', packages: [{ name: 'in-group' }] } })
  assert.deepEqual(await counts(), [{ value: 'afterwards', count: 1 }])
  assert.equal((await ofIndex(root, asking(words('afterwards')))).count, 1)
  await deleteGroup(root, 'afterwards')
  assert.deepEqual(await counts(), [])
})

test('a dataset whose row was removed is removed from the index', async () => {
  await createDataset(root, { name: 'to-be-purged', notes: 'purgeword' })
  const everything = asking({ kind: 'all' })
  const before = await ofIndex(root, everything)
  await root.store.write(async (write) => {
    const row = await write.db.selectFrom('dataset').select(['no', 'id']).where('name', '=', 'to-be-purged').executeTakeFirstOrThrow()
    await write.db.deleteFrom('dataset_folded').where('dataset_no', '=', row.no).execute()
    await sql`delete from dataset_search where ${sql.ref(write.dialect.name === 'sqlite' ? 'rowid' : 'no')} = ${row.no}`.execute(write.db)
    await write.db.deleteFrom('dataset').where('no', '=', row.no).execute()
    write.change('dataset', row.id, 'deleted')
  })
  const after = await ofIndex(root, everything)
  assert.equal(after.count, before.count - 1)
  assert.deepEqual(plain(after), plain(await sqlSearch.search(root, everything)))
})

test('an index that is loaded later is the same as one that has followed every change', async () => {
  const others = openSnapshots(place, log)
  try {
    const later = new IndexedSearch(others)
    await later.load()
    for (const word of vocabulary) {
      const request = asking(words(word), { facets: everyFacet })
      assert.deepEqual(plain(await later.search(people.root, request)), plain(await ofIndex(root, request)))
    }
  } finally {
    await others.close()
  }
})

test('a search that takes too long is refused, and the next one is answered', async () => {
  const slow = snapshots.read(
    (db) =>
      // Rows without end, each of which looks at the clock; PostgreSQL has a limit of its own.
      sql`with recursive counted(n) as (select 1 union all select n + 1 from counted where ${snapshots.guard}) select max(n) from counted`.execute(
        db,
      ),
    50,
  )
  await assert.rejects(slow, (error) => error instanceof DomainError && error.code === 'unavailable')
  assert.ok((await ofIndex(root, asking({ kind: 'all' }))).count > 0)
})

/** A caller whose store must not be asked: only the thread can answer. */
const threadOnly = (ctx: Context): Pick<Context, 'store' | 'actor'> => ({
  actor: ctx.actor,
  get store(): Context['store'] {
    throw new Error('SQL was asked')
  },
})

async function withThread(options: { program?: URL }, run: (thread: SearchThread) => Promise<void>): Promise<void> {
  const thread = new SearchThread({ place, log, minDatasets: 1, ...options })
  try {
    await thread.startIfLarge(root.store)
    await thread.ready
    await run(thread)
  } finally {
    await thread.close()
  }
}

test('the thread answers many searches at once, also those that are wrong, and ends when it is closed', async () => {
  await withThread({}, async (thread) => {
    const requests = vocabulary.map((word) => asking(words(word), { facets: everyFacet }))
    const answers = await Promise.all(requests.map((request) => thread.search(threadOnly(root), request)))
    for (const [at, request] of requests.entries()) assert.deepEqual(plain(answers[at] as SearchAnswer), plain(await sqlSearch.search(root, request)))
    const wrong = asking({ kind: 'all' }, { extraFields: [{ field: 'colour', parameter: 'fq' }] })
    await assert.rejects(thread.search(threadOnly(root), wrong), (error) => error instanceof DomainError && error.code === 'invalid')
  })
})

test('a thread that dies is replaced, and SQL answers meanwhile', async () => {
  const program = new URL('../testing/crashing-worker.ts', import.meta.url)
  await withThread({ program }, async (thread) => {
    const both = await Promise.all([thread.search(root, asking(words('endthread'))), thread.search(root, asking(words('river')))])
    const river = asking(words('river'))
    assert.equal(both[0].count, 0)
    assert.deepEqual(plain(both[1]), plain(await sqlSearch.search(root, river)))
    // It is started again by a search; that takes a moment, in which SQL answers.
    let isBack = false
    void thread.ready.then(() => {
      isBack = true
    })
    while (!isBack) {
      assert.deepEqual(plain(await thread.search(root, river)), plain(both[1]))
      await nextTurn()
    }
    assert.deepEqual(plain(await thread.search(threadOnly(root), river)), plain(both[1]))
  })
})

test('a small catalogue is searched without a thread', async () => {
  const thread = new SearchThread({ place, log, minDatasets: 1_000_000 })
  await thread.startIfLarge(root.store)
  assert.ok((await thread.search(root, asking({ kind: 'all' }))).count > 0)
  await assert.rejects(thread.search(threadOnly(root), asking({ kind: 'all' })), /SQL was asked/)
  await thread.close()
})

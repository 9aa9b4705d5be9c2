import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { buildManifest } from '../../test/job-types.ts'
import { freshStore } from '../../test/store.ts'
import { withWrite } from '../../test/with-write.ts'
import { openVault } from '../auth/secret.ts'
import { DomainError } from '../base/errors.ts'
import { type Actor, anonymous } from '../context.ts'
import { listChanges } from '../store/changes.ts'
import { editJobType, type JobTypeChanges, registerJobType } from './edit.ts'
import { showJobType } from './job-type.ts'
import { listJobTypeNames, listJobTypes } from './list.ts'
import type { SeedManifest } from './manifest/schema.ts'
import { openSettings } from './secret.ts'
import { listSealedSettings } from './secret-store.ts'
import { type SystemType, saveSystemTypes } from './system.ts'

const { store, drop } = await freshStore()
after(drop)

const vault = openVault('a secret of at least sixteen characters')
const sysadmin: Actor = { kind: 'user', id: 'u', name: 'admin', sysadmin: true }
let now = 1_700_000_000_000
const ctx = { store, vault, actor: sysadmin, clock: () => now++ }

const register = (job: Partial<SeedManifest['job']>, changes: JobTypeChanges = {}) =>
  registerJobType(ctx, { dockerImage: 'image:1', ...changes, manifest: buildManifest(job) })

const settings = (...list: { name: string; secret?: boolean }[]) => ({ settings: list })
const show = (name: string, version = '1.0.0') => showJobType(ctx, { name, version })
const opened = async (name: string) => {
  const { id, configuration } = await show(name)
  return Object.fromEntries(await openSettings({ db: store.db, vault }, id, configuration.settings))
}
const allRows = async () => {
  const tables = ['job_type', 'job_type_revision', 'job_type_tag', 'job_type_secret', 'job_queue', 'change'] as const
  return JSON.stringify(await Promise.all(tables.map((table) => store.db.selectFrom(table).selectAll().execute())))
}

test('sixteen posts of one new pair at once: one creates it, the others make revisions without gaps or duplicates', async () => {
  const all = await Promise.all([...Array(16)].map(() => register({ name: 'pair' })))
  assert.deepEqual(all.filter(({ outcome }) => outcome === 'created').length, 1)
  const type = await show('pair')
  assert.equal(type.revisionNum, 16)
  const rows = await store.db
    .selectFrom('job_type_revision')
    .select(['revision_num'])
    .where('type_id', '=', type.id)
    .orderBy('revision_num')
    .execute()
  assert.deepEqual(
    rows.map((row) => row.revision_num),
    [...Array(16).keys()].map((at) => at + 1),
  )
})

test('many names at once get different numbers', async () => {
  const made = await Promise.all([...Array(16).keys()].map((at) => register({ name: `many-${at}` })))
  assert.equal(new Set(made.map(({ jobType }) => jobType.no)).size, 16)
})

test('concurrent edits of one version are applied one after the other', async () => {
  await register({ name: 'edits' })
  await Promise.all([...Array(12)].map(() => editJobType(ctx, { name: 'edits', version: '1.0.0' }, { manifest: buildManifest({ name: 'edits' }) })))
  assert.equal((await show('edits')).revisionNum, 13)
})

test('a secret is stored in sealed form only, and executions receive it', async () => {
  await register(
    { name: 'sealed', interface: settings({ name: 'DB' }, { name: 'PASS', secret: true }) },
    { configuration: { settings: { DB: 'host', PASS: 'hunter2' } } },
  )
  assert.equal((await allRows()).includes('hunter2'), false)
  assert.deepEqual((await show('sealed')).configuration.settings, { DB: 'host' })
  assert.deepEqual(await opened('sealed'), { DB: 'host', PASS: 'hunter2' })
})

test('a configuration without the secret keeps it, one with it replaces it', async () => {
  const ref = { name: 'kept', version: '1.0.0' }
  await register(
    { name: 'kept', interface: settings({ name: 'DB' }, { name: 'PASS', secret: true }) },
    { configuration: { settings: { DB: 'host', PASS: 'old' } } },
  )
  await editJobType(ctx, ref, { configuration: { settings: {} } })
  assert.deepEqual(await opened('kept'), { PASS: 'old' }, 'what is no secret is replaced as a whole')
  await editJobType(ctx, ref, { configuration: { settings: { PASS: 'new' } } })
  assert.deepEqual(await opened('kept'), { PASS: 'new' })
})

test('a setting that was secret once stays secret under a manifest that declares it public', async () => {
  await register({ name: 'once', interface: settings({ name: 'PASS', secret: true }) }, { configuration: { settings: { PASS: 'old' } } })
  await register({ name: 'once', interface: settings({ name: 'PASS' }) })
  assert.deepEqual((await show('once')).configuration.settings, {})
  await editJobType(ctx, { name: 'once', version: '1.0.0' }, { configuration: { settings: { PASS: 'newer' } } })
  assert.deepEqual((await show('once')).configuration.settings, {})
  assert.equal((await allRows()).includes('newer'), false)
  assert.deepEqual(await opened('once'), { PASS: 'newer' })
})

test('a setting that a later manifest makes secret is hidden', async () => {
  await register({ name: 'later', interface: settings({ name: 'PASS' }) }, { configuration: { settings: { PASS: 'was plain' } } })
  assert.deepEqual((await show('later')).configuration.settings, { PASS: 'was plain' })
  await editJobType(
    ctx,
    { name: 'later', version: '1.0.0' },
    { manifest: buildManifest({ name: 'later', interface: settings({ name: 'PASS', secret: true }) }) },
  )
  assert.deepEqual((await show('later')).configuration.settings, {})
  assert.deepEqual(await opened('later'), { PASS: 'was plain' })
})

test('names of Object.prototype are ordinary settings, also secret ones', async () => {
  const list = settings({ name: '__proto__', secret: true }, { name: 'constructor' })
  const configuration = JSON.parse('{"settings":{"__proto__":"hidden","constructor":"shown"},"mounts":{"__proto__":{"type":"volume"}}}')
  await register({ name: 'proto', interface: list }, { configuration })
  const { configuration: stored, id } = await show('proto')
  assert.equal(JSON.stringify(stored.settings), '{"constructor":"shown"}')
  assert.equal(JSON.stringify(stored.mounts), '{"__proto__":{"type":"volume","driver_opts":{}}}')
  assert.equal((await openSettings({ db: store.db, vault }, id, stored.settings)).get('__proto__'), 'hidden')
})

test('a refused edit changes nothing', async () => {
  const ref = { name: 'refused', version: '1.0.0' }
  await register({ name: 'refused', interface: settings({ name: 'PASS', secret: true }) })
  const before = await allRows()
  const good = buildManifest({ name: 'refused', title: 'other', interface: settings({ name: 'PASS', secret: true }) })
  const refused: JobTypeChanges[] = [
    { dockerImage: 'x', manifest: { ...good, extra: 1 } },
    { dockerImage: 'x', manifest: good, configuration: { priority: 0, settings: { PASS: 'x' } } },
    { isPaused: true, manifest: buildManifest({ name: 'refused', jobVersion: '1.0.1' }) },
    { isPaused: true, manifest: buildManifest({ name: 'other' }) },
  ]
  for (const changes of refused)
    await assert.rejects(editJobType(ctx, ref, changes), (error) => error instanceof DomainError && error.code === 'invalid')
  assert.equal(await allRows(), before)
})

test('an edit that fails at its end changes nothing, including secrets', async () => {
  await register({ name: 'broken', interface: settings({ name: 'PASS', secret: true }) })
  const before = await allRows()
  const failing = {
    ...ctx,
    store: withWrite(store, (run) =>
      store.write(async (write) => {
        await run(write)
        return assert.fail('the commit fails')
      }),
    ),
  }
  const manifest = buildManifest({ name: 'broken', tags: ['new'] })
  const changes = { isPaused: true, dockerImage: 'x', manifest, configuration: { settings: { PASS: 'never' } } }
  await assert.rejects(editJobType(failing, { name: 'broken', version: '1.0.0' }, changes), /the commit fails/)
  assert.equal(await allRows(), before)
})

test('an unchanged value changes only the time of the last change', async () => {
  const ref = { name: 'times', version: '1.0.0' }
  await register({ name: 'times' }, { isPaused: true, isActive: false })
  const first = await show('times')
  assert.deepEqual([first.pausedAt, first.deprecatedAt], [first.createdAt, first.createdAt])
  await editJobType(ctx, ref, { isPaused: true, isActive: false })
  const second = await show('times')
  assert.deepEqual([second.pausedAt, second.deprecatedAt], [first.createdAt, first.createdAt])
  assert.ok(second.updatedAt > first.updatedAt)
  await editJobType(ctx, ref, { isPaused: false, isActive: true })
  const third = await show('times')
  assert.deepEqual([third.pausedAt, third.deprecatedAt, third.isPaused, third.isActive], [null, null, false, true])
})

test('given fields are applied, also false, empty and null ones', async () => {
  const ref = { name: 'given', version: '1.0.0' }
  await register({ name: 'given' }, { isPublished: true, iconCode: 'f013', maxScheduled: 3 })
  await editJobType(ctx, ref, { isPublished: false, iconCode: '', maxScheduled: null })
  const { isPublished, iconCode, maxScheduled } = await show('given')
  assert.deepEqual([isPublished, iconCode, maxScheduled], [false, '', null])
})

test('an image alone changes the type but makes no revision', async () => {
  await register({ name: 'image' })
  await editJobType(ctx, { name: 'image', version: '1.0.0' }, { dockerImage: 'image:2' })
  const { dockerImage, revisionNum, id } = await show('image')
  assert.deepEqual([dockerImage, revisionNum], ['image:2', 1])
  const revision = await store.db.selectFrom('job_type_revision').select('docker_image').where('type_id', '=', id).executeTakeFirst()
  assert.equal(revision?.docker_image, 'image:1')
})

test('a manifest replaces the resources and the tags', async () => {
  await register({ name: 'tags', tags: ['Älter', 'old%_'] })
  const { id } = await show('tags')
  await store.write(({ db }) => db.updateTable('job_type').set({ unmet_resources: 'gpus' }).where('id', '=', id).execute())
  const named = async (keyword: string) =>
    (await listJobTypes(ctx, { filter: { keywords: [keyword] }, order: [], page: { number: 1, size: 10 } })).count
  assert.deepEqual([await named('ÄLT'), await named('älter'), await named('d%_'), await named('d__')], [1, 1, 1, 0])
  await editJobType(ctx, { name: 'tags', version: '1.0.0' }, { manifest: buildManifest({ name: 'tags', tags: ['fresh'] }) })
  assert.equal((await show('tags')).unmetResources, null)
  assert.deepEqual([await named('älter'), await named('FRESH')], [0, 1])
})

test('versions of one precedence: the later one is the latest', async () => {
  for (const jobVersion of ['1.10.0', '1.2.0', '1.10.0+b', '1.10.0-rc.1']) await register({ name: 'order', jobVersion })
  const { items } = await listJobTypeNames(ctx, { filter: { name: 'order' }, order: [], page: { number: 1, size: 10 } })
  assert.deepEqual(
    items.map(({ latest, versions }) => [latest.version, ...versions]),
    [['1.10.0+b', '1.10.0+b', '1.10.0', '1.10.0-rc.1', '1.2.0']],
  )
})

test('each pause and limit applies to the queue, and each write is in the change feed', async () => {
  const ref = { name: 'followed', version: '1.0.0' }
  const rules = async () => {
    const row = await store.db.selectFrom('job_queue').select(['paused', 'max_running']).where('type', '=', 'followed:1.0.0').executeTakeFirst()
    return row && [row.paused, row.max_running]
  }
  await register({ name: 'followed' }, { maxScheduled: 2 })
  const followed = [await rules()]
  for (const changes of [{ isPaused: true }, { maxScheduled: null }, { iconCode: 'f013' }]) {
    await editJobType(ctx, ref, changes)
    followed.push(await rules())
  }
  assert.deepEqual(followed, [[0, 2], [1, 2], [1, null], [1, null]]) // biome-ignore format: a table
  const { id } = await show('followed')
  const changes = (await listChanges(store.db, 0, 10_000)).filter((one) => one.id === id)
  assert.deepEqual(
    changes.map(({ kind, what }) => `${kind} ${what}`),
    ['job_type created', 'job_type updated', 'job_type updated', 'job_type updated'],
  )
})

test('unpausing wakes the workers', { timeout: 10_000 }, async () => {
  await register({ name: 'wakes' }, { isPaused: true })
  const woken = new Promise<void>((resolve) => store.listen('jobs', () => resolve()))
  await editJobType(ctx, { name: 'wakes', version: '1.0.0' }, { isPaused: false })
  await woken
})

const echo: SystemType = {
  name: 'echo.fn_1',
  title: 'Echo',
  description: '',
  kind: 'function',
  mode: 'sync',
  priority: 10,
  maxScheduled: null,
  maxTries: 1,
}

test('the types of the hub are stored once, updated when they change, and keep their pause', async () => {
  const count = async () => (await listJobTypes(ctx, { filter: { isSystem: true }, order: [], page: { number: 1, size: 10 } })).count
  await Promise.all([saveSystemTypes(ctx, [echo]), saveSystemTypes(ctx, [echo]), saveSystemTypes(ctx, [echo])])
  assert.equal(await count(), 1)
  const first = await show('echo.fn_1')
  assert.deepEqual([first.isSystem, first.dockerImage, first.manifest, first.revisionNum, first.maxTries, first.mode], [true, '', {}, 1, 1, 'sync'])
  await saveSystemTypes(ctx, [echo])
  assert.equal((await show('echo.fn_1')).updatedAt, first.updatedAt, 'nothing has changed')
  await editJobType(ctx, { name: 'echo.fn_1', version: '1.0.0' }, { isPaused: true })
  await saveSystemTypes(ctx, [{ ...echo, title: 'Echo again' }])
  const second = await show('echo.fn_1')
  assert.deepEqual([second.title, second.isPaused, second.id], ['Echo again', true, first.id])
})

test('a system type can only be paused, and its name is reserved', async () => {
  await saveSystemTypes(ctx, [{ ...echo, name: 'echo-sys' }])
  const refused: JobTypeChanges[] = [
    { iconCode: 'x' },
    { isActive: true },
    { maxScheduled: 1 },
    { dockerImage: 'x' },
    { configuration: {} },
    { isPaused: true, isPublished: true },
  ]
  for (const changes of refused) await assert.rejects(editJobType(ctx, { name: 'echo-sys', version: '1.0.0' }, changes), /only be paused/)
  await assert.rejects(register({ name: 'echo-sys', jobVersion: '2.0.0' }), /taken by the hub/)
  await assert.rejects(register({ name: 'echo-sys' }), DomainError)
  await register({ name: 'mine' })
  await assert.rejects(saveSystemTypes(ctx, [{ ...echo, name: 'mine' }]), /registered as mine/)
})

test('only sysadmins change types', async () => {
  for (const actor of [anonymous, { kind: 'user', id: 'x', name: 'x', sysadmin: false } as const]) {
    const input = { dockerImage: 'x', manifest: buildManifest({ name: 'nobody' }) }
    await assert.rejects(registerJobType({ ...ctx, actor }, input), (error) => error instanceof DomainError && error.code === 'forbidden')
    await assert.rejects(
      editJobType({ ...ctx, actor }, { name: 'pair', version: '1.0.0' }, {}),
      (error) => error instanceof DomainError && error.code === 'forbidden',
    )
  }
})

test('a secret is readable with the vault of the hub only', async () => {
  const { id } = await show('sealed')
  const sealed = (await listSealedSettings(store.db, id)).get('PASS') ?? ''
  assert.throws(() => openVault('another secret of sixteen characters').open(sealed))
})

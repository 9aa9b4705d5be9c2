import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ConfigError, parseConfig } from '../../config.ts'
import { licencesOf, openLicenceIds } from './list.ts'

const folder = await mkdtemp(join(tmpdir(), 'millrace-licences-'))
after(() => rm(folder, { recursive: true }))

async function configWith(content: string) {
  const path = join(folder, `${Math.random()}.json`)
  await writeFile(path, content)
  return parseConfig({ MILLRACE_LICENCES: path })
}

test('without a file there are the usual licences, data first', () => {
  const config = parseConfig({})
  const ids = [...licencesOf(config).keys()]
  assert.deepEqual(ids.slice(0, 3), ['notspecified', 'odc-pddl', 'odc-odbl'])
  assert.equal(ids.length, new Set(ids).size)
  assert.ok(openLicenceIds(config).includes('mit-license') && !openLicenceIds(config).includes('cc-nc'))
})

test('a file of either generation is understood', async () => {
  const config = await configWith(
    JSON.stringify([
      { id: 'a', title: 'A', is_okd_compliant: 'True' },
      { id: 'b', title: 'B', url: 'http://b.example', od_conformance: 'approved', osd_conformance: 'not reviewed' },
      { id: 'c', title: 'C' },
    ]),
  )
  assert.deepEqual(openLicenceIds(config), ['a', 'b'])
  assert.equal(licencesOf(config).get('b')?.url, 'http://b.example')
})

for (const content of ['', '[]', '{"a": 1}', '[{"id": "a"}]', '[{"id": "a", "title": "A"}, 7]']) {
  test(`the file ${JSON.stringify(content)} is refused with the name of the setting`, async () => {
    const config = await configWith(content)
    assert.throws(
      () => licencesOf(config),
      (error) => error instanceof ConfigError && error.message.startsWith('MILLRACE_LICENCES:'),
    )
  })
}

test('a file that is not there is refused as well', () => {
  assert.throws(() => licencesOf(parseConfig({ MILLRACE_LICENCES: join(folder, 'none.json') })), ConfigError)
})

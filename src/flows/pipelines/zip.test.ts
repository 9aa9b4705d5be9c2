import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { buildSourceFile, runFlow, temporaryFolder } from '../../../test/pipeline-task.ts'
import { readZip } from '../../../test/read-zip.ts'

const run = promisify(execFile)

test('the zip has all outputs and the unchanged sources, without hashes in the paths', async () => {
  const folder = await temporaryFolder()
  const table = await buildSourceFile('x\n1\n', { folder, name: 'a.csv', schema: { fields: [{ name: 'x', type: 'integer' }] } })
  const notes = await buildSourceFile('some notes', { folder, name: 'notes.txt' })
  const results = await runFlow(folder, [table, notes], { name: 'id', readme: '# Read me' })
  const zip = results.find((result) => result.kind === 'zip')?.files[0]
  assert.ok(zip)
  assert.equal(zip.path, 'data/id_zip.zip')
  const entries = readZip(await readFile(zip.localPath))
  assert.deepEqual([...entries.keys()].sort(), [
    'README.md',
    'archive/a.csv',
    'archive/notes.txt',
    'data/a_csv.csv',
    'data/a_json.json',
    'data/validation_report.json',
    'datapackage.json',
  ])
  assert.equal(entries.get('archive/a.csv')?.toString(), 'x\n1\n')
  assert.equal(entries.get('data/a_csv.csv')?.toString(), 'x\r\n1\r\n')
  assert.equal(entries.get('README.md')?.toString(), '# Read me')
  const { resources } = JSON.parse(entries.get('datapackage.json')?.toString() ?? '')
  assert.deepEqual(
    resources.map((resource: { name: string; path: string }) => [resource.name, resource.path]),
    [
      ['validation_report', 'data/validation_report.json'],
      ['a_csv', 'data/a_csv.csv'],
      ['a_json', 'data/a_json.json'],
      ['a_original', 'archive/a.csv'],
      ['notes_original', 'archive/notes.txt'],
    ],
  )
})

test('large files in the zip are unchanged, and the same input gives the same zip', async () => {
  const digests: string[] = []
  for (const name of ['one', 'two']) {
    const folder = join(await temporaryFolder(), name)
    await mkdir(folder)
    const lines = Array.from({ length: 60_000 }, (_, index) => `${index},${(index * 7919) % 1000}`)
    const table = await buildSourceFile(`x,y\n${lines.join('\n')}\n`, {
      folder,
      name: 'a.csv',
      schema: {
        fields: [
          { name: 'x', type: 'integer' },
          { name: 'y', type: 'integer' },
        ],
      },
    })
    const results = await runFlow(folder, [table])
    const zip = results.find((result) => result.kind === 'zip')?.files[0]
    assert.ok(zip)
    digests.push(zip.sha256)
    const entries = readZip(await readFile(zip.localPath))
    for (const file of results.filter((result) => result.kind === 'csv' || result.kind === 'json').flatMap((result) => result.files)) {
      assert.ok(entries.get(file.path)?.equals(await readFile(file.localPath)), file.path)
    }
    assert.ok(entries.get('archive/a.csv')?.equals(await readFile(table.localPath)))
    await run('python3', ['-m', 'zipfile', '-t', zip.localPath]).catch((error: NodeJS.ErrnoException) => assert.equal(error.code, 'ENOENT'))
  }
  assert.equal(digests[0], digests[1])
})

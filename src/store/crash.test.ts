import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freshStore } from '../../test/store.ts'
import { listChanges } from './changes.ts'

const { store, url, drop } = await freshStore()
after(drop)
const writer = fileURLToPath(new URL('../../test/crash-writer.ts', import.meta.url))

/** Runs the writer until it has acknowledged this many writes, kills it during a commit, and returns what it had printed. */
async function writeAndKill(run: string, after_: number): Promise<{ kept: string[]; refused: string[] }> {
  const child = spawn(process.execPath, [writer, url, run], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
    if (said.split('+').length > after_) child.kill('SIGKILL')
  })
  await once(child, 'close')
  const lines = said.split('\n').slice(0, -1)
  return {
    kept: lines.filter((line) => line.startsWith('+')).map((line) => line.slice(1)),
    refused: lines.filter((line) => line.startsWith('-')).map((line) => line.slice(1)),
  }
}

test('kill -9 inside a group commit: acknowledged writes are stored completely, refused ones are not stored', async () => {
  for (const [at, count] of [60, 200, 333].entries()) {
    const { kept, refused } = await writeAndKill(`run${at}`, count)
    const rows = await store.db.selectFrom('setting').select('name').where('name', 'like', `run${at}-%`).execute()
    const names = new Set(rows.map((row) => row.name))
    for (const name of kept) assert.ok(names.has(name) && names.has(`${name}-second`), `${name} was acknowledged`)
    for (const name of refused) assert.ok(!names.has(name), `${name} was refused`)
    for (const name of names) assert.ok(names.has(name.endsWith('-second') ? name.slice(0, -7) : `${name}-second`), `${name} is whole`)
    assert.ok(kept.length >= count - 1)
  }
  const changes = await listChanges(store.db, 0, 100_000)
  assert.deepEqual(
    changes.map((one) => one.no),
    changes.map((_, index) => index + 1),
  )
})

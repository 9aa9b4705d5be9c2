import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { getPriority, platform } from 'node:os'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { AttemptEvents, AttemptOf } from '../../jobs/executor.ts'
import { FunctionProcess } from './process.ts'

const attempt: AttemptOf<'function'> = {
  kind: 'function',
  jobId: 'one',
  jobType: 'echo',
  attempt: 1,
  module: new URL('../../jobs/functions/builtin/echo.ts', import.meta.url).href,
  exportName: 'echo',
  folder: '/nowhere',
  limits: { timeoutMs: 60_000 },
  inputs: { data: { json: '"ping"' }, metadata: null, apiKey: null, resultUrl: null, prepared: null },
}
const events: AttemptEvents = {
  log: () => undefined,
  progress: () => undefined,
  drained: () => undefined,
  call: async () => ({ error: { code: 'unavailable', message: 'there is no catalogue' } }),
}

const isLinux = platform() === 'linux'

/** The weight of a process and, where the kernel shares by sessions, of the one that it leads. */
async function weightOf(pid: number): Promise<{ nice: number; session: number | undefined }> {
  const stat = (await readFile(`/proc/${pid}/stat`, 'latin1')).split(') ')[1]?.split(' ') ?? []
  const group = await readFile(`/proc/${pid}/autogroup`, 'latin1').catch(() => '')
  const session = / nice (-?\d+)/.exec(group)?.[1]
  return { nice: Number(stat[16]), session: session === undefined ? undefined : Number(session) }
}

test('functions leave the processor to the hub', { skip: isLinux ? false : 'read from /proc' }, async () => {
  const child = new FunctionProcess({ memoryMb: 64, graceMs: () => 1000, killAfterMs: 1000 })
  const { pid } = child
  assert.ok(pid !== undefined)
  try {
    assert.deepEqual(await child.run(attempt, events, new AbortController().signal), { kind: 'value', value: { json: '">ping"' } })
    let weight = await weightOf(pid)
    assert.equal(weight.nice, Math.max(10, getPriority()))
    // The kernel takes a few such changes a second, those of other tests included; the child tries until its own is taken.
    for (; weight.session === 0; weight = await weightOf(pid)) await pause(50)
    assert.ok(weight.session === undefined || weight.session === 10)
  } finally {
    await child.kill()
  }
})

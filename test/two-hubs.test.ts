import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ended, untilJob } from '../src/jobs/testing/scene.ts'
import { makeEnvironment } from './hub.ts'
import { startHubProcess } from './hub-process.ts'
import { openTestStore } from './store.ts'

// Two servers in processes of their own, both working, on one database: on SQLite on one file.

const { environment, drop } = await makeEnvironment({ MILLRACE_CONCURRENCY: '2' })
const store = await openTestStore(environment['DATABASE_URL'] ?? '')
const hubs = await Promise.all([startHubProcess(environment), startHubProcess(environment)])
after(async () => {
  for (const hub of hubs) await hub.kill()
  await store.close()
  await drop()
})

async function submit(no: number, data: string, key?: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) }
  const body = JSON.stringify({ job_type: 'echo_async', data, api_key: 'k', metadata: { test: key ?? 'many' } })
  const answer = await fetch(`${hubs[no % 2]?.url}/job`, { method: 'POST', headers, body })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

const range = (count: number) => [...Array(count).keys()]

test('the same submission a hundred times at once, at two servers: one job, a hundred equal answers', async () => {
  const answers = await Promise.all(range(100).map((no) => submit(no, 'x', 'once')))
  assert.deepEqual(
    [...new Set(answers.map(({ status, body }) => `${status} ${body['job_id']} ${body['job_key']}`))],
    [`200 ${answers[0]?.body['job_id']} ${answers[0]?.body['job_key']}`],
  )
  const { list } = (await (await fetch(`${hubs[0]?.url}/job?test=once`)).json()) as { list: string[] }
  assert.deepEqual(list, [`/job/${answers[0]?.body['job_id']}`])
})

test('two servers that submit and claim at once: every job is accepted, runs once, and is shown by both', async () => {
  const answers = await Promise.all(range(80).map((no) => submit(no, `text ${no}`)))
  for (const [no, { status, body }] of answers.entries()) {
    assert.equal(status, 200, JSON.stringify(body))
    const job = await untilJob(store, String(body['job_id']), ended)
    assert.deepEqual([job.state, job.attempts], ['done', 1])
    const shown = await fetch(`${hubs[(no + 1) % 2]?.url}/job/${body['job_id']}/data`, { headers: { authorization: String(body['job_key']) } })
    assert.equal(await shown.text(), `>text ${no}`)
  }
})

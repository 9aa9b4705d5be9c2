import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { oncePerPoll } from './once-per-poll.ts'

function countedReads() {
  let reads = 0
  return oncePerPoll(() => ++reads)
}

test('is read once between two polls, and anew after it was forgotten', async () => {
  const counted = countedReads()
  const first = counted.get()
  await Promise.resolve()
  assert.equal(counted.get(), first)
  counted.forget()
  assert.equal(counted.get(), first + 1)
})

test('is read anew in the next turn, and by whoever hears something from outside', async (t) => {
  const counted = countedReads()
  const seen = [counted.get()]
  await nextTurn()
  seen.push(counted.get())
  const server = createServer((socket) => socket.on('data', () => socket.end(String(counted.get())))).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  for (let round = 0; round < 3; round++) {
    const before = counted.get()
    const socket = connect(port, '127.0.0.1')
    socket.write('x')
    const [answer] = await once(socket, 'data')
    assert.ok(Number(answer) > before, 'what came in after the first reading was served from it')
    seen.push(Number(answer))
  }
  assert.deepEqual(
    seen,
    [...new Set(seen)].sort((a, b) => a - b),
  )
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { mock, test } from 'node:test'
import { fastify } from 'fastify'
import { addBodyWatch } from './body-watch.ts'

interface Upload {
  readonly socket: Socket
  /** Sends this many more bytes, and waits until the handler has read them. */
  send(bytes: number): Promise<void>
}

const total = 200 * 16_384
/** Advances the clock in steps, since the timers of a step see the time of its end. */
function seconds(count: number) {
  for (let step = 0; step < count; step += 5) mock.timers.tick(5000)
}

/** An upload to a server whose clock the test controls; the handler reads the body unless it is set to busy. */
async function withUpload({ isBusy = false }, run: (upload: Upload) => Promise<void>) {
  mock.timers.enable({ apis: ['setInterval', 'Date'] })
  const app = fastify()
  addBodyWatch(app)
  const begun = Promise.withResolvers<void>()
  let [sent, received, arrived] = [0, 0, Promise.withResolvers<void>()]
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _body, done) => done(null))
  app.post('/', async ({ raw }) => {
    begun.resolve()
    if (isBusy) await once(raw, 'close')
    for await (const chunk of raw) {
      received += chunk.length
      if (received === sent) arrived.resolve()
    }
    return 'whole'
  })
  try {
    await app.listen({ port: 0, host: '127.0.0.1' })
    const address = app.server.address()
    const socket = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1')
    socket.write(`POST / HTTP/1.1\r\nhost: hub\r\nconnection: close\r\ncontent-type: text/csv\r\ncontent-length: ${total}\r\n\r\n`)
    await begun.promise
    const send = (bytes: number) => {
      sent += bytes
      arrived = Promise.withResolvers<void>()
      socket.write('x'.repeat(bytes))
      return arrived.promise
    }
    await run({ socket, send })
    socket.destroy()
  } finally {
    mock.timers.reset()
    await app.close()
  }
}

test('a body that pauses for a minute gets 408, and its connection is closed', () =>
  withUpload({}, async ({ socket, send }) => {
    await send(200_000)
    seconds(60)
    await send(200_000)
    seconds(70)
    assert.match(await text(socket), /^HTTP\/1\.1 408 .*\r\n\r\n\{"error":"the body came too slowly: .*"\}$/s)
  }))

test('a body of less than 1 KB a second is refused, even if it arrives evenly', () =>
  withUpload({}, async ({ socket, send }) => {
    for (let round = 0; round < 6; round++) {
      await send(5000)
      seconds(10)
    }
    assert.match(await text(socket), /^HTTP\/1\.1 408 /)
  }))

test('a slow body above that rate is accepted, even after hours', () =>
  withUpload({}, async ({ socket, send }) => {
    for (let round = 0; round < 200; round++) {
      await send(16_384)
      seconds(15)
    }
    assert.match(await text(socket), /^HTTP\/1\.1 200 .*whole$/s)
  }))

test('a body that waits for the hub itself is not refused', () =>
  withUpload({ isBusy: true }, async ({ socket, send }) => {
    void send(total / 2)
    while (socket.bytesWritten < total / 4) await once(socket, 'drain')
    for (let minute = 0; minute < 10; minute++) seconds(60)
    assert.equal(socket.destroyed, false)
    assert.equal(socket.readableLength, 0)
  }))

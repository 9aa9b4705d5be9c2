import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { applyEvent, type EventName, eventNames, flowStatus, isFinal, type PipelineState, readyPipelines, type Status } from './state.ts'

const statuses: readonly Status[] = ['pending', 'running', 'success', 'failed']

for (const [of, flow] of [
  ['running', 'running'],
  ['running pending success failed', 'running'],
  ['running success', 'running'],
  ['pending', 'pending'],
  ['pending pending', 'pending'],
  ['pending success', 'running'],
  ['pending failed', 'running'],
  ['pending success failed', 'running'],
  ['success failed', 'failed'],
  ['failed', 'failed'],
  ['success success', 'success'],
] as const) {
  test(`pipelines ${of} make a flow ${flow}`, () => assert.equal(flowStatus(of.split(' ') as Status[]), flow))
}

/** `a:running` or `b:pending<a` (b needs a). */
const pipelines = (text: string): PipelineState[] =>
  text.split(' ').map((one) => {
    const [, id = '', status, needs] = /^(\w+):(\w+)(?:<(.*))?$/.exec(one) ?? []
    return { id, status: status as Status, dependsOn: needs?.split(',') ?? [] }
  })

for (const [event, success, from, to] of [
  ['queue', false, 'pending', 'pending'],
  ['queue', false, 'running', 'pending'],
  ['start', false, 'pending', 'running'],
  ['progress', false, 'pending', 'running'],
  ['progress', false, 'running', 'running'],
  ['finish', true, 'pending', 'success'],
  ['finish', true, 'running', 'success'],
  ['finish', false, 'running', 'failed'],
  ['finish', true, 'failed', 'success'],
  ['finish', false, 'success', 'failed'],
  ['queue', false, 'success', undefined],
  ['start', false, 'failed', undefined],
  ['progress', false, 'success', undefined],
] as const) {
  test(`${event}${event === 'finish' ? ` (${success})` : ''} moves a ${from} pipeline to ${to ?? 'nothing else'}`, () => {
    assert.equal(applyEvent(pipelines(`a:${from} b:running`), { id: 'a', event, success }).status, to)
  })
}

test('a failure fails whatever waits for it, down the line, and leaves running ones alone', () => {
  const { cascade, flow } = applyEvent(pipelines('a:running b:pending<a c:pending<b d:pending e:running<a f:pending<d'), {
    id: 'a',
    event: 'finish',
    success: false,
  })
  assert.deepEqual(
    [...cascade],
    [
      ['b', 'a'],
      ['c', 'b'],
    ],
  )
  assert.equal(flow, 'running')
})

test('a cascade that takes the last open pipelines ends the flow', () => {
  const { cascade, flow } = applyEvent(pipelines('a:running b:success c:pending<a,b'), { id: 'a', event: 'finish', success: false })
  assert.deepEqual([[...cascade.keys()], flow], [['c'], 'failed'])
})

test('an event for a pipeline of another flow changes nothing', () => {
  assert.deepEqual(applyEvent(pipelines('a:pending'), { id: 'z', event: 'start', success: false }), {
    status: undefined,
    cascade: new Map(),
    flow: 'pending',
  })
})

test('ready is what is pending with all its needs done', () => {
  const ready = readyPipelines(pipelines('a:success b:running c:pending<a d:pending<a,b e:pending f:failed'))
  assert.deepEqual(
    ready.map((one) => one.id),
    ['c', 'e'],
  )
})

const graph = fc.array(fc.record({ status: fc.constantFrom(...statuses), needs: fc.array(fc.nat(20), { maxLength: 4 }) }), {
  minLength: 1,
  maxLength: 12,
})

test('after any event no pending pipeline waits for the one that failed, and a flow is final only when all its pipelines are', () => {
  fc.assert(
    fc.property(graph, fc.nat(11), fc.constantFrom<EventName>(...eventNames), fc.boolean(), (nodes, at, event, success) => {
      // Edges point backwards only, as a plan's do.
      const states = nodes.map(({ status, needs }, index) => ({
        id: `p${index}`,
        status,
        dependsOn: needs.filter((need) => need < index).map((need) => `p${need}`),
      }))
      const id = `p${at % states.length}`
      const { status, cascade, flow } = applyEvent(states, { id, event, success })
      const after = states.map((one) => {
        const own = one.id === id ? (status ?? one.status) : one.status
        return { ...one, status: cascade.has(one.id) ? ('failed' as const) : own }
      })
      assert.equal(flow, flowStatus(after.map((one) => one.status)))
      assert.equal(
        isFinal(flow),
        after.every((one) => isFinal(one.status)),
      )
      if (status !== 'failed') return
      for (const one of after) {
        if (one.status === 'pending') assert.ok(!one.dependsOn.some((need) => need === id || cascade.has(need)))
      }
    }),
  )
})

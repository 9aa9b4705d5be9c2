import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isFinal, type JobState } from '../../jobs/job.ts'
import { applyEvent, type EndState, type EventName, eventNames, flowState, type PipelineState, readyPipelines } from './state.ts'

const states: readonly JobState[] = ['queued', 'running', 'done', 'failed', 'cancelled']
const ends: readonly EndState[] = ['done', 'failed', 'cancelled']

for (const [of, flow] of [
  ['running', 'running'],
  ['running queued done failed', 'running'],
  ['running done', 'running'],
  ['queued', 'queued'],
  ['queued queued', 'queued'],
  ['queued done', 'running'],
  ['queued failed', 'running'],
  ['queued done failed', 'running'],
  ['done failed', 'failed'],
  ['failed', 'failed'],
  ['done cancelled', 'failed'],
  ['queued cancelled', 'running'],
  ['done done', 'done'],
] as const) {
  test(`pipelines ${of} make a flow ${flow}`, () => assert.equal(flowState(of.split(' ') as JobState[]), flow))
}

/** `a:running` or `b:queued<a` (b needs a). */
const pipelines = (text: string): PipelineState[] =>
  text.split(' ').map((one) => {
    const [, id = '', state, needs] = /^(\w+):(\w+)(?:<(.*))?$/.exec(one) ?? []
    return { id, state: state as JobState, dependsOn: needs?.split(',') ?? [] }
  })

for (const [event, end, from, to] of [
  ['queue', 'failed', 'queued', 'queued'],
  ['queue', 'failed', 'running', 'queued'],
  ['start', 'failed', 'queued', 'running'],
  ['progress', 'failed', 'queued', 'running'],
  ['progress', 'failed', 'running', 'running'],
  ['finish', 'done', 'queued', 'done'],
  ['finish', 'done', 'running', 'done'],
  ['finish', 'failed', 'running', 'failed'],
  ['finish', 'done', 'failed', 'done'],
  ['finish', 'failed', 'done', 'failed'],
  ['finish', 'cancelled', 'queued', 'cancelled'],
  ['finish', 'done', 'cancelled', 'done'],
  ['queue', 'failed', 'done', undefined],
  ['start', 'failed', 'cancelled', undefined],
  ['start', 'failed', 'failed', undefined],
  ['progress', 'failed', 'done', undefined],
] as const) {
  test(`${event}${event === 'finish' ? ` (${end})` : ''} moves a ${from} pipeline to ${to ?? 'nothing else'}`, () => {
    assert.equal(applyEvent(pipelines(`a:${from} b:running`), { id: 'a', event, end }).state, to)
  })
}

for (const end of ['failed', 'cancelled'] as const)
  test(`a pipeline that ends as ${end} fails whatever waits for it, down the line, and leaves running ones alone`, () => {
    const { cascade, flow } = applyEvent(pipelines('a:running b:queued<a c:queued<b d:queued e:running<a f:queued<d'), {
      id: 'a',
      event: 'finish',
      end,
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
  const { cascade, flow } = applyEvent(pipelines('a:running b:done c:queued<a,b'), { id: 'a', event: 'finish', end: 'failed' })
  assert.deepEqual([[...cascade.keys()], flow], [['c'], 'failed'])
})

test('an event for a pipeline of another flow changes nothing', () => {
  assert.deepEqual(applyEvent(pipelines('a:queued'), { id: 'z', event: 'start', end: 'failed' }), {
    state: undefined,
    cascade: new Map(),
    flow: 'queued',
  })
})

test('ready is what is queued with all its needs done', () => {
  const ready = readyPipelines(pipelines('a:done b:running c:queued<a d:queued<a,b e:queued f:failed'))
  assert.deepEqual(
    ready.map((one) => one.id),
    ['c', 'e'],
  )
})

const graph = fc.array(fc.record({ state: fc.constantFrom(...states), needs: fc.array(fc.nat(20), { maxLength: 4 }) }), {
  minLength: 1,
  maxLength: 12,
})

test('after any event no queued pipeline waits for the one that failed, and a flow is final only when all its pipelines are', () => {
  fc.assert(
    fc.property(graph, fc.nat(11), fc.constantFrom<EventName>(...eventNames), fc.constantFrom(...ends), (nodes, at, event, end) => {
      // Edges point backwards only, as a plan's do.
      const states = nodes.map(({ state, needs }, index) => ({
        id: `p${index}`,
        state,
        dependsOn: needs.filter((need) => need < index).map((need) => `p${need}`),
      }))
      const id = `p${at % states.length}`
      const { state, cascade, flow } = applyEvent(states, { id, event, end })
      const after = states.map((one) => {
        const own = one.id === id ? (state ?? one.state) : one.state
        return { ...one, state: cascade.has(one.id) ? ('failed' as const) : own }
      })
      assert.equal(flow, flowState(after.map((one) => one.state)))
      assert.equal(
        isFinal(flow),
        after.every((one) => isFinal(one.state)),
      )
      if (state !== 'failed' && state !== 'cancelled') return
      for (const one of after) {
        if (one.state === 'queued') assert.ok(!one.dependsOn.some((need) => need === id || cascade.has(need)))
      }
    }),
  )
})

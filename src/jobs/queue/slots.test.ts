import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Slots } from './slots.ts'

test('a new job gets a slot only beside those for the jobs that came before', () => {
  const slots = new Slots({ work: 3 })
  slots.expect(2, 'work')
  assert.deepEqual([slots.takeOne('work'), slots.takeOne('work')], [true, false])
  assert.deepEqual(slots.takeExpected('work'), { count: 2, isKnown: true })
  assert.equal(slots.takeOne('work'), false)
  slots.giveBack('work', 3)
  assert.deepEqual(
    [...Array(4)].map(() => slots.takeOne('work')),
    [true, true, true, false],
  )
})

test('expected jobs are taken once, as far as slots are free, and the rest when there are more', () => {
  const slots = new Slots({ work: 2 })
  slots.expect(3, 'work')
  assert.deepEqual(slots.takeExpected('work'), { count: 2, isKnown: true })
  slots.giveBack('work', 2)
  assert.deepEqual(slots.takeExpected('work'), { count: 1, isKnown: true })
  assert.deepEqual(slots.takeExpected('work'), { count: 0, isKnown: true })
})

test('where nobody knows how many wait, every free slot is taken once, and no new job comes before them', () => {
  const slots = new Slots({ work: 2, sync: 1 })
  slots.expect()
  assert.deepEqual([slots.takeOne('work'), slots.takeOne('sync')], [false, false])
  assert.deepEqual(slots.takeExpected('work'), { count: 2, isKnown: false })
  slots.giveBack('work', 2)
  assert.deepEqual([slots.takeExpected('work').count, slots.takeOne('work'), slots.takeOne('sync')], [0, true, false])
})

test('a pool without slots gives none', () => {
  const slots = new Slots({ work: 1 })
  slots.expect(1, 'sync')
  assert.deepEqual([slots.takeOne('sync'), slots.takeExpected('sync').count], [false, 0])
})

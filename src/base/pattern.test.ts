import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePattern, maxPatternLength, PatternError, patternSize } from './pattern.ts'

const fits: readonly (readonly [pattern: string, text: string, whole: boolean, part: boolean])[] = [
  ['a|ab', 'ab', true, true],
  ['b', 'abc', false, true],
  ['^b', 'ab', false, false],
  ['^ab$', 'ab', true, true],
  ['a$', 'a\n', false, false],
  ['a.c', 'a\nc', false, false],
  ['(?s)a.c', 'a\nc', true, true],
  ['(?i)straße', 'STRAßE', true, true],
  ['.', '😀', true, true],
  ['[^a]', '\ud800', true, true],
  ['\\d{2}', '٣٣', false, false],
  ['\\p{L}+', 'Übergröße', true, true],
  ['\\p{Script=Greek}+', 'αβγ', true, true],
  ['[\\u0400-\\u04ff]+', 'Пермь', true, true],
  ['\\u{1F600}', '😀', true, true],
  ['\\\\u0041', '\\u0041', true, true],
  ['(?P<year>\\d{4})-(?<month>\\d\\d)', '2024-05', true, true],
  ['[\\w.-]+@[\\w-]+\\.[a-z]{2,}', 'a.b@c-d.org', true, true],
]
for (const [pattern, text, whole, part] of fits) {
  test(`${pattern} ${whole ? 'fits' : 'does not fit'} the whole of ${JSON.stringify(text)}, and ${part ? 'a' : 'no'} part of it`, () => {
    const compiled = compilePattern(pattern)
    assert.deepEqual([compiled.fitsWhole(text), compiled.wholeGroups(text) !== undefined, compiled.test(text)], [whole, whole, part])
  })
}

for (const [pattern, reason] of [
  ['(?=a)b', /"\(\?=a\)b" is not a regular expression of this hub: .*look-ahead, look-behind and back-references are not supported/],
  ['(?!a)b', /not supported/],
  ['(?<=a)b', /not supported/],
  ['(a)\\1', /invalid escape sequence/],
  ['(?P<a>x)(?P=a)', /not supported/],
  ['\\k<a>', /invalid escape sequence/],
  ['a\\Z', /invalid escape sequence/],
  ['(?>a)', /not supported/],
  ['a++', /repetition/],
  ['(', /missing/],
  ['a)(b', /unexpected/],
  ['[', /missing/],
  ['(a{1000}){1000}', /repeats too much/],
  ['.{0,900}'.repeat(8), /repeats too much: it has 7200 steps when written out; at most 5000 are allowed/],
  ['\\p{L}|'.repeat(150), /repeats too much/],
  ['(?:' + 'abcdefgh'.repeat(100) + '){10}', /repeats too much/],
  ['a'.repeat(maxPatternLength + 1), /may have at most 1000/],
] as const) {
  test(`${pattern.slice(0, 40)} is refused with the reason`, () => {
    assert.throws(
      () => compilePattern(pattern),
      (error) => error instanceof PatternError && reason.test(error.message),
    )
  })
}

test('patterns that engines with backtracking never end on are answered', () => {
  const text = 'a'.repeat(100_000)
  for (const pattern of ['(a+)+b', '(a|aa)+b', '(a*)*b', '(.*a){12}b', '([a-z]+)*\\d', 'a?'.repeat(100) + 'a{100}b']) {
    const compiled = compilePattern(pattern)
    assert.deepEqual([compiled.fitsWhole(text), compiled.test(text), compiled.wholeGroups(text)], [false, false, undefined], pattern)
    assert.equal(
      compiled.replaceAll(text.slice(0, 1000), () => ''),
      text.slice(0, 1000),
    )
  }
})

test('groups are found by number and name, and a replacement receives them', () => {
  const pattern = compilePattern('(?P<one>a)(b)?')
  assert.deepEqual(pattern.wholeGroups('a'), { 0: 'a', 1: 'a', 2: undefined, one: 'a' })
  assert.equal(
    pattern.replaceAll('xaby a $1', (groups) => `<${groups['one']}${groups[2] ?? ''}>`),
    'x<ab>y <a> $1',
  )
  assert.deepEqual(['0', 'one', '2', '3', 'constructor', ''].map(pattern.hasGroup), [true, true, true, false, false, false])
})

for (const [pattern, size] of [
  ['', 0],
  ['abc', 3],
  ['\\d{4}-\\d{2}', 7],
  ['(ab){50}', 100],
  ['(x(ab){3}y){2,10}z', 81],
  ['[^]a(){]{5}', 5],
  ['a{3,}', 3],
  ['\\({7}', 7],
  ['(((a{9999}', 9999],
  ['\\p{L}', 54],
] as const) {
  test(`written out, ${pattern} has ${size} steps`, () => assert.equal(patternSize(pattern), size))
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exactJson } from '../../base/json.ts'
import { pythonJson } from './python-json.ts'

test('numbers come back as they were written', () => {
  for (const text of ['{"a":5.0,"b":[12345678901234567890,1e400,-0,1.10,7],"c":"1.0"}', '[1,2,{"x":0.1}]', '"5.0"', '5.0', '{"__proto__":{"x":1.0}}'])
    assert.equal(JSON.stringify(exactJson(text)), text)
  assert.throws(() => exactJson('{"a": 1.}'), SyntaxError)
})

test('values are written as Python writes them', () => {
  const cases: [string, string][] = [
    ['5', '5'],
    ['5.0', '5.0'],
    ['-0', '0'],
    ['-0.0', '-0.0'],
    ['1e3', '1000.0'],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
    ['1E15', '1000000000000000.0'],
    ['1e16', '1e+16'],
    ['1.5e300', '1.5e+300'],
    ['0.0001', '0.0001'],
    ['0.00001', '1e-05'],
    ['1e-7', '1e-07'],
    ['1e400', 'Infinity'],
    ['-1e400', '-Infinity'],
    ['0.1', '0.1'],
    ['[true, null, {"a": "\u00e9"}]', '[true, null, {"a": "\\u00e9"}]'],
  ]
  for (const [source, python] of cases) assert.equal(pythonJson(exactJson(source)), python, source)
})

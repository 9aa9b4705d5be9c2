import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalFormat } from './format.ts'

const table: readonly (readonly [string, readonly string[]])[] = [
  ['CSV', ['csv', 'CSV', '.csv', ' Csv ', 'text/csv', 'text/csv; charset=utf-8', 'TEXT/CSV;header=present', 'Comma Separated  Values']],
  ['XLSX', ['xlsx', '.XLSX', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet']],
  ['XLS', ['xls', 'Excel', 'application/vnd.ms-excel']],
  ['GeoJSON', ['geojson', 'GEOJSON', '.geojson', 'application/geo+json']],
  ['JSON', ['json', 'application/json']],
  ['SHP', ['shp', 'Shapefile', 'ESRI Shapefile']],
  ['WMS', ['wms', 'OGC WMS', 'OGC:WMS']],
  ['HTML', ['html', '.htm', 'text/html']],
  ['RDF', ['rdf', 'application/rdf+xml', 'RDF/XML']],
  ['PDF', ['pdf', 'ｐｄｆ']],
  ['MY FORMAT', ['my  format', 'My Format', '.MY format']],
  ['application/x-own', ['application/x-own', 'Application/X-Own;a=b']],
  ['', ['', ' ']],
  ['.', ['.']],
  ['CONSTRUCTOR', ['constructor']],
]

for (const [name, spellings] of table) {
  test(`${JSON.stringify(name)} has the spellings ${spellings.join(', ')}`, () => {
    for (const spelling of spellings) assert.equal(canonicalFormat(spelling), name, spelling)
    assert.equal(canonicalFormat(name), name)
  })
}

test('a format of any length has a name of limited length', () => assert.ok(canonicalFormat('x'.repeat(100_000)).length <= 500))

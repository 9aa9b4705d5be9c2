import { isObject } from '../../base/json.ts'
import { type Cell, cellText } from '../cell.ts'
import { UnreadableTable } from '../faults.ts'
import { arrayItems, parseJson } from '../json/cursor.ts'
import type { Field } from '../schema.ts'
import type { Cast } from './cast.ts'

const same = (canonical: string) => canonical

/** JSON texts of one kind of value. The text is kept unchanged, with its spaces. */
function castJson(isRight: (value: unknown) => boolean, rule: string): Cast {
  return {
    text: (text) => (isRight(parseJson(text)) ? text : undefined),
    value: (value) => (typeof value !== 'boolean' && isRight(parseJson(value.text)) ? value.text : undefined),
    json: 'bare',
    rule,
  }
}

export const castObject: Cast = {
  ...castJson(isObject, 'is not a JSON object'),
  length: (canonical) => Object.keys(Object(parseJson(canonical))).length,
}

export const castArray: Cast = { ...castJson(Array.isArray, 'is not a JSON array'), length: countItems }

function countItems(canonical: string): number {
  const items = parseJson(canonical)
  return Array.isArray(items) ? items.length : 0
}

const geojsonTypes = new Set([
  'Feature',
  'FeatureCollection',
  'GeometryCollection',
  'LineString',
  'MultiLineString',
  'MultiPoint',
  'MultiPolygon',
  'Point',
  'Polygon',
])

export function castGeojson(field: Field): Cast {
  if (field.format === 'topojson') return castJson((value) => isObject(value) && value['type'] === 'Topology', 'is not a TopoJSON object')
  return castJson((value) => isObject(value) && geojsonTypes.has(String(value['type'])), 'is not a GeoJSON object')
}

const degree = /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i

/** Longitude before latitude: as `lon, lat`, as a JSON array, or as `{"lon": …, "lat": …}`. */
export function castGeopoint(field: Field): Cast {
  if (field.format === 'array') return castJson((value) => Array.isArray(value) && isPoint(value), 'is not a point of the form [lon, lat]')
  if (field.format === 'object') return castJson(isPointObject, 'is not a point of the form {"lon": lon, "lat": lat}')
  const text = (value: string) => {
    const degrees = value.split(',').map((part) => part.trim())
    return degrees.every((part) => degree.test(part)) && isPoint(degrees.map(Number)) ? degrees.join(',') : undefined
  }
  return { text, value: () => undefined, json: 'text', rule: 'is not a point of the form lon, lat' }
}

function isPoint(values: readonly unknown[]): boolean {
  const [longitude, latitude] = values.map((value) => (typeof value === 'string' && degree.test(value) ? Number(value) : value))
  const isNumeric = typeof longitude === 'number' && typeof latitude === 'number'
  return isNumeric && values.length === 2 && Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90
}

function isPointObject(value: unknown): boolean {
  return isObject(value) && Object.keys(value).length === 2 && isPoint([value['lon'], value['lat']])
}

/** `a,b,c`, cast one by one with the item's type; an array in JSON. */
export function castList(field: Field, item: Cast, jsonOf: (cast: Cast, canonical: string) => string): Cast {
  const delimiter = field.source['delimiter'] ?? ','
  if (typeof delimiter !== 'string' || delimiter === '') throw new UnreadableTable(`the delimiter of field ${field.name} is not text`)
  const split = (text: string) => (text === '' ? [] : text.split(delimiter))
  // An item that contains the delimiter would be read back as two, and a single empty item as none.
  const join = (items: readonly (string | undefined)[]) => {
    const isWhole = items.every((part) => part !== undefined && !part.includes(delimiter)) && !(items.length === 1 && items[0] === '')
    return isWhole ? items.join(delimiter) : undefined
  }
  const castItem = (part: Cell) => {
    if (typeof part === 'string') return item.text(part)
    return part === null || part === undefined ? undefined : item.value(part)
  }
  return {
    text: (text) => join(split(text).map((part) => item.text(part.trim()))),
    value: (value) => {
      const items = typeof value === 'boolean' ? undefined : arrayItems(value.text)
      return items && items.length > 0 ? join(items.map(castItem)) : undefined
    },
    json: (canonical) =>
      `[${split(canonical)
        .map((part) => jsonOf(item, part))
        .join(',')}]`,
    rule: `is not a list whose items are each of type ${String(field.source['itemType'] ?? 'string')}`,
    length: (canonical) => split(canonical).length,
  }
}

/** Lengths are checked first: longer addresses are invalid, and the expression would be slow on them. */
const stringForms: Readonly<Record<string, { fits: (text: string) => boolean; rule: string }>> = {
  email: { fits: (text) => text.length <= 320 && /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text), rule: 'is not a mail address' },
  uri: { fits: (text) => /^[a-z][a-z\d+.-]*:[^\s]+$/i.test(text), rule: 'is not a URI' },
  uuid: { fits: (text) => /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i.test(text), rule: 'is not a UUID' },
  binary: { fits: (text) => text.length % 4 === 0 && /^[\w+/-]*={0,2}$/.test(text), rule: 'is not base64' },
}

/** Numbers and booleans of a JSON file become their text; numbers keep all their digits. */
export function castString(field: Field): Cast {
  const expected = stringForms[field.format]
  const text = expected ? (value: string) => (expected.fits(value) ? value : undefined) : same
  return {
    text,
    value: (value) => (typeof value === 'boolean' || value.isNumber ? text(cellText(value)) : undefined),
    json: 'text',
    rule: expected?.rule ?? 'is not a text',
    length: (canonical) => [...canonical].length,
  }
}

export const castAny: Cast = {
  text: same,
  value: cellText,
  json: 'text',
  rule: 'is a kind of value that a table cannot hold',
}

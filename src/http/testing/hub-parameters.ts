import { type Body, type Row, rowsOf } from './parameter-row.ts'
import type { RouteScene } from './route-scene.ts'

const resource = '33333333-0000-4000-8000-000000000003'

/** What the rows of the hub's own routes look at. */
export async function fillForHub(scene: RouteScene): Promise<void> {
  const resources = [{ id: resource, url: 'http://a.example/x.csv' }, { url: 'http://a.example/y', format: 'CSW' }] // biome-ignore format: a list
  await scene.action('organization_create', { name: 'office' })
  await scene.action('group_create', { name: 'nature' })
  const labels = { owner_org: 'office', groups: [{ name: 'nature' }], license_id: 'cc-by', tags: ['river', 'rivers'] }
  await scene.action('package_create', { name: 'shown', ...labels, resources })
  await scene.action('package_create', { name: 'shown-too' })
  await scene.action('package_create', { name: 'other' })
  // More than one page of the search shows.
  for (let at = 0; at < 20; at++) await scene.action('package_create', { name: `more-${at}` })
}

/** Beginnings that two things have each. */
const completed = { 'dataset/autocomplete': 'show', 'tag/autocomplete': 'riv', 'resource/format_autocomplete': 'cs' }

const completionRows = (route: string, text: string): Row[] =>
  rowsOf(route, {
    '?incomplete': { value: text },
    '?q': { value: text },
    '?limit': { base: () => ({ '?incomplete': text }), value: 1, bad: 'x' },
  })

/** Every parameter of the hub's own routes, its pages, and its files. */
export function hubRows(): Row[] {
  const html = () => ({ 'Accept:': 'text/html' })
  const file = { '{dataset}': 'shown', '{resource}': resource, '{file}': 'x.csv' }
  const without = (name: string) => (): Body => Object.fromEntries(Object.entries(file).filter(([key]) => key !== name))
  return [
    ...rowsOf('GET /changes', { '?since': { value: 1, bad: 'x' }, '?limit': { value: 1, bad: '-1' } }),
    ...rowsOf('GET /dataset', {
      '?q': { base: html, value: 'other', see: listed, expected: ['other'] },
      '?page': { base: html, value: 2, bad: 'x' },
      '?organization': { base: html, value: 'office', see: listed, expected: ['shown'] },
      '?groups': { base: html, value: 'nature', see: listed, expected: ['shown'] },
      '?res_format': { base: html, value: 'CSV', see: listed, expected: ['shown'] },
      '?tags': { base: html, value: 'river', see: listed, expected: ['shown'] },
      '?license_id': { base: html, value: 'cc-by', see: listed, expected: ['shown'] },
    }),
    ...['/api/util', '/api/2/util'].flatMap((prefix) =>
      Object.entries(completed).flatMap(([path, text]) => completionRows(`GET ${prefix}/${path}`, text)),
    ),
    ...rowsOf('GET /dataset/{name}', { '{name}': { value: 'shown' } }),
    ...rowsOf('GET /dataset/{dataset}/resource/{resource}/download/{file}', {
      '{dataset}': { base: without('{dataset}'), value: 'shown' },
      '{resource}': { base: without('{resource}'), value: resource },
      '{file}': { base: without('{file}'), value: 'x.csv', given: 'a resource has one file, under any name' },
    }),
  ]
}

/** The datasets of a page. */
const listed = ({ text }: Body) =>
  [...String(text).matchAll(/href="\/dataset\/([\w-]+)"/g)].map(([, name]) => name).filter((name) => name === 'shown' || name === 'other')

/** The parameters that the design names. */
export const hubContract = `
GET /changes  ?since ?limit
GET /api/util/dataset/autocomplete ?incomplete
GET /api/2/util/tag/autocomplete ?incomplete
GET /api/util/resource/format_autocomplete ?incomplete
`

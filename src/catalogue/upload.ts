import { extname } from 'node:path'
import { siteMark } from './site-mark.ts'

/** A file that came with a call and lies in the file store already. */
export interface Upload {
  readonly digest: string
  /** Bytes. */
  readonly size: number
  /** As the client named it. */
  readonly fileName: string
}

/** Media types of data files by suffix; everything else is `application/octet-stream`. */
const mediaTypes: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  tsv: 'text/tab-separated-values',
  txt: 'text/plain',
  md: 'text/markdown',
  html: 'text/html',
  xml: 'application/xml',
  json: 'application/json',
  geojson: 'application/geo+json',
  ndjson: 'application/x-ndjson',
  yaml: 'application/yaml',
  zip: 'application/zip',
  gz: 'application/gzip',
  pdf: 'application/pdf',
  xls: 'application/vnd.ms-excel',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  ods: 'application/vnd.oasis.opendocument.spreadsheet',
  parquet: 'application/vnd.apache.parquet',
  sqlite: 'application/vnd.sqlite3',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  svg: 'image/svg+xml',
}

const suffixOf = (name: string) => extname(name).slice(1).toLowerCase()

/** The media type that a file's name tells, if it does. */
export const mediaTypeOf = (name: string): string | undefined => {
  const suffix = suffixOf(name)
  return Object.hasOwn(mediaTypes, suffix) ? mediaTypes[suffix] : undefined
}

/** The format that a file's name tells: its suffix in capitals, or nothing. */
export const formatOf = (name: string) => (/^[a-z0-9]{1,10}$/.test(suffixOf(name)) ? suffixOf(name).toUpperCase() : '')

const maxFileName = 100

/** A name that is safe in an address and on a disk: lower case, few characters, the suffix kept. */
export function safeFileName(name: string): string {
  const base = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1)
  const clean = base
    .normalize('NFKD')
    .replaceAll(siteMark, '')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '')
  const suffix = extname(clean).slice(0, 20)
  const stem = clean.slice(0, clean.length - extname(clean).length).slice(0, maxFileName - suffix.length)
  return stem + suffix || 'file'
}

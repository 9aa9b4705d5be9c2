import { extname } from 'node:path'
import { Mime } from 'mime'
import otherTypes from 'mime/types/other.js'
import standardTypes from 'mime/types/standard.js'
import { canonicalFormat } from './format.ts'

/** Media types by suffix: the registered ones, and those of data files that the list lacks or has under an older name. */
const types = new Mime(standardTypes, otherTypes).define(
  {
    'application/x-ndjson': ['ndjson', 'jsonl'],
    'application/yaml': ['yaml', 'yml'],
    'application/vnd.apache.parquet': ['parquet'],
    'application/vnd.sqlite3': ['sqlite'],
    'application/geopackage+sqlite3': ['gpkg'],
  },
  true,
)

const suffixOf = (name: string) => extname(name).slice(1).toLowerCase()

/** The media type for the suffix of a file's name, if known. */
export function mediaTypeOf(name: string): string | undefined {
  const suffix = suffixOf(name)
  return (suffix && types.getType(suffix)) || undefined
}

/** The format for the suffix of a file's name; empty if unknown. */
export const formatOf = (name: string) => (/^[a-z0-9]{1,10}$/.test(suffixOf(name)) ? canonicalFormat(suffixOf(name)) : '')

/** Format and media type by the name of a file. */
export interface LinkType {
  readonly mimetype: string | null
  readonly format: string
}

const unknown: LinkType = { mimetype: null, format: '' }

/** Suffixes of addresses that do not name the file's type: programs, web pages, top-level domains. */
const noData = new Set(['application/octet-stream', 'application/x-msdownload', 'application/vnd.lotus-organizer', 'application/x-httpd-php'])

/** Format and media type of a link by its path, as CKAN guesses them where neither is given; query and fragment are ignored. */
export function typeOfLink(url: string): LinkType {
  if (!/\.[a-z0-9]{1,10}(?:[?#]|$)/i.test(url) || !/^https?:|^ftp:/i.test(url) || !URL.canParse(url)) return unknown
  const { pathname } = new URL(url)
  const mimetype = mediaTypeOf(pathname)
  if (mimetype === undefined || noData.has(mimetype)) return unknown
  return { mimetype, format: canonicalFormat(types.getExtension(mimetype) ?? '') }
}

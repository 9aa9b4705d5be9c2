import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CkanLowLevelClient } from '../low-level/low-level.ts'
import { parseBaseUrl } from '../low-level/options.ts'
import type { Given } from './options.ts'
import { CommandError, UsageError } from './usage.ts'

/** The catalogue that a command works on, and the key for it. */
export interface Connection {
  address: string
  apiKey: string | undefined
}

/** Address: `--remote`, else `CKAN_URL`. Key: `--apikey`, else `CKAN_API_KEY`, else the line of that address in `~/.ckanpass`.
 * @throws UsageError if there is no usable address.
 */
export async function findConnection(given: Given): Promise<Connection> {
  const text = given.text('remote') ?? process.env['CKAN_URL']
  if (!text) throw new UsageError('no address: give the catalogue as --remote URL or in the environment variable CKAN_URL')
  const address = normalize(text, given.text('remote') === undefined ? 'CKAN_URL' : '--remote')
  const apiKey = given.text('apikey') || process.env['CKAN_API_KEY'] || (await readPassFile(join(homedir(), '.ckanpass'), address))
  return { address, apiKey: apiKey || undefined }
}

/** A client of the catalogue. `requestsPerSecond` undefined: no limit. */
export function openClient({ address, apiKey }: Connection, options: { signal: AbortSignal; requestsPerSecond?: number }): CkanLowLevelClient {
  try {
    return new CkanLowLevelClient(address, { apiKey, ...options })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function normalize(text: string, origin: string): string {
  try {
    return parseBaseUrl(text)
  } catch (error) {
    throw new UsageError(`${origin}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The key of an address in a pass file; undefined if the file or the line is missing. */
async function readPassFile(path: string, address: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw new CommandError(`${path} cannot be read (${error.code}); correct it, or give the key as --apikey`)
  })
  return findPass(text, address, path)
}

/** The key in the first line `URL:KEY` of this address. The last colon without a backslash ends the URL; a backslash keeps the character behind it.
 * Empty lines and those that begin with # do not count.
 * @throws CommandError naming the line, never its text, if one has another form.
 */
export function findPass(text: string, address: string, path = '.ckanpass'): string | undefined {
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const [, url = '', key = ''] = /^((?:\\.|[^\\])*):((?:\\.|[^\\:])*)$/.exec(line) ?? []
    const [plainUrl, plainKey] = [url, key].map((part) => part.replaceAll(/\\(.)/g, '$1'))
    if (!plainUrl || !plainKey || !URL.canParse(plainUrl))
      throw new CommandError(`${path}: line ${at + 1} is not URL:KEY, with a backslash before each colon and backslash of the key`)
    if (isSameAddress(plainUrl, address)) return plainKey
  }
  return undefined
}

function isSameAddress(url: string, address: string): boolean {
  try {
    return parseBaseUrl(url) === address
  } catch {
    return false
  }
}

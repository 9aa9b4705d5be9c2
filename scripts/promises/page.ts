import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { root } from '../test-files.ts'
import { extractPromises, type Promised } from './extract.ts'

/** The documents that the product promises to fulfil; they lie beside the repository. */
const seeds = join(root, '../shared/seeds')
/** What the tests of the last run wrote: a file for each test file and leg, a line for each promise that a test held. */
export const marksFolder = join(root, 'node_modules/.cache/millrace/promises')
export const pagePath = 'docs/reference/promises.md'

/** Which test files hold each promise, by the marks of the last run. */
function readMarks(): Map<string, Set<string>> {
  const holders = new Map<string, Set<string>>()
  for (const path of globSync('*/*', { cwd: marksFolder })) {
    const file = decodeURIComponent(basename(path))
    for (const id of readFileSync(join(marksFolder, path), 'utf8').split('\n')) holders.set(id, (holders.get(id) ?? new Set()).add(file))
  }
  return holders
}

const open = '**open**'
const rowOf = ({ id }: Promised, holder: string) => `| \`${id.replaceAll('|', '\\|')}\` | ${holder} |`
/** The lines of the page that are about a promise: what it is, and who holds it. */
const rowForm = /^\| `(.+)` \| (.+) \|$/gm

/** The promises of the page, by document, with the test file that holds each. */
export function readPage(): { readonly of: string; readonly id: string; readonly holder: string }[] {
  const text = existsSync(join(root, pagePath)) ? readFileSync(join(root, pagePath), 'utf8') : ''
  return text.split(/^## /m).flatMap((part) => {
    const of = part.slice(0, part.indexOf('\n'))
    return [...part.matchAll(rowForm)].map(([, id = '', holder = '']) => ({ of, id: id.replaceAll('\\|', '|'), holder }))
  })
}

/** What the documents promise; undefined where they are not beside the repository. */
export const readPromises = (): Promised[] | undefined => (existsSync(seeds) ? extractPromises(seeds) : undefined)

/** The page: every promise, and a test file of the last run that holds it. */
export function renderPage(promises: readonly Promised[]): string {
  const holders = readMarks()
  const sections = [...Map.groupBy(promises, ({ of }) => of)].map(([of, own]) => {
    const rows = own.map((one) => {
      const [first] = [...(holders.get(one.id) ?? [])].sort()
      return rowOf(one, first === undefined ? open : `\`${first}\``)
    })
    const held = rows.filter((row) => !row.includes(open)).length
    return `## ${of}\n\n${held} of ${rows.length} are held by a test.\n\n| promise | held by |\n| --- | --- |\n${rows.join('\n')}\n`
  })
  return `# Promises

What the documents that Millrace fulfils promise: every route, parameter, field, status and printed example, and the test that holds it. Made by \`npm run promises\`
after \`npm test\`. Parts of paths that vary are written \`{}\`, parameters of a query string \`?name\`, headers \`Name:\`, fields of an answer \`-> name\`.

${sections.join('\n')}`
}

/** Promises that the page says are held, and that no test of the last run held. */
export function lostPromises(): string[] {
  const holders = readMarks()
  return readPage().flatMap(({ id, holder }) => (holder === open || holders.has(id) ? [] : [id]))
}

/** Promises of the documents that the page lacks. */
export function missingPromises(): string[] {
  const shown = new Set(readPage().map(({ of, id }) => `${of}: ${id}`))
  return (readPromises() ?? []).map(({ of, id }) => `${of}: ${id}`).filter((one) => !shown.has(one))
}

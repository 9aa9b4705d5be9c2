import markdownIt, { type Token } from 'markdown-it'
import { escapeHtml } from './escape.ts'

// Anybody may have written what is rendered here, and every viewer waits for it. So each parser gets a bounded text: its time grows faster than
// the text for some inputs, and so may its output.

/** What is longer is shown as it is written. */
const maxSource = 20_000
/** Rendered texts become longer than this only where a few characters stand for many, as the names of references do. */
const maxHtml = 400_000
/** A table has as many cells in each row as in its head, however short the row is. */
const maxCells = 10_000
/** Quotes and lists inside of each other. */
const maxNesting = 20
/** An excerpt is taken from this beginning of a text. */
const maxExcerptSource = 1000

const lineEnd = /\r\n?|\n/

/** HTML in a text is shown as text, and links lead to addresses that run nothing: what comes out is safe to show. */
const markdown = markdownIt({ html: false, linkify: true, maxNesting })
const withoutTables = markdownIt({ html: false, linkify: true, maxNesting }).disable('table')
const plain = markdownIt({ html: false, linkify: false, maxNesting }).disable('table')

/** Renders Markdown as HTML. What is too long, or would become so, comes back as it is written, in one `pre` element. */
export function renderMarkdown(text: string): string {
  if (text.length > maxSource) return asWritten(text)
  const html = (mostCells(text) > maxCells ? withoutTables : markdown).render(text).trimEnd()
  return html.length > maxHtml ? asWritten(text) : html
}

const asWritten = (text: string) => `<pre>${escapeHtml(text)}</pre>`

/** How many cells the tables of a text can have at most. */
function mostCells(text: string): number {
  const lines = text.split(lineEnd)
  return lines.length * lines.reduce((most, line) => Math.max(most, line.split('|').length), 0)
}

/** The beginning of a Markdown text in one line, without its marks and tables; at most so many characters and ` …`. */
export function excerptOf(text: string, maxLength: number): string {
  const isCut = text.length > maxExcerptSource
  const source = isCut ? text.slice(0, maxExcerptSource).replace(/[\uD800-\uDBFF]$/, '') : text
  const blocks = plain
    .parse(dropTables(source), {})
    .map(plainText)
    .filter((one) => one !== '')
  if (isCut) blocks.push(dropOpenMarks(blocks.pop() ?? ''))
  const points = [...blocks.join(' ').trim().split(/\s+/).join(' ')]
  if (points.length <= maxLength) return points.join('')
  const words = points.slice(0, maxLength).join('')
  const end = words.lastIndexOf(' ')
  return `${end > 0 ? words.slice(0, end) : words} …`
}

/** What a reader sees of a token and those inside it. */
function plainText({ type, content, children }: Token): string {
  if (type === 'softbreak' || type === 'hardbreak') return ' '
  return children ? children.map(plainText).join('') : content
}

/** Leaves out tables: a head, the row of dashes below it, and what follows up to an empty line. */
function dropTables(text: string): string {
  const kept: string[] = []
  let isTable = false
  for (const line of text.split(lineEnd)) {
    if (line.trim() === '') isTable = false
    else if (/^[\s|:-]+$/.test(line) && line.includes('|') && line.includes('-')) {
      isTable = true
      kept.pop()
    }
    if (!isTable) kept.push(line)
  }
  return kept.join('\n')
}

/** The end of a text that was cut, without the marks whose other halves were cut away. */
function dropOpenMarks(text: string): string {
  let rest = text
  for (let at = rest.lastIndexOf('['); at >= 0 && isOpen(rest, at); at = rest.lastIndexOf('[')) rest = rest.slice(0, at)
  return rest.replace(/!$|[*`~]|(?<!\w)_+/g, '')
}

const isOpen = (text: string, bracket: number) => !text.includes(']', bracket) || text.includes('](', bracket)

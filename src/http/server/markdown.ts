import { html, type SafeHtml } from '@remix-run/html-template'
import markdownIt, { type MarkdownIt, type StateCore, type Token } from 'markdown-it'

// The rendered texts are untrusted input, and every viewer waits for them. So each parser gets a bounded text: its time grows faster than
// the text for some inputs, and so may its output.

/** Longer texts are shown unrendered. */
const maxSource = 20_000
/** Rendered texts exceed this only if few characters expand to many, as references do. */
const maxHtml = 400_000
/** Every row of a table is rendered with as many cells as its head, even a short one. */
const maxCells = 10_000
/** Levels of nested quotes and lists. */
const maxNesting = 20
/** Characters at the beginning of a text that an excerpt is made from. */
const maxExcerptSource = 1000
/** GitHub's marks of quotes that matter, `> [!NOTE]`; CommonMark does not know them. */
const alertMark = /^([ \t]*>[ \t]*)\[!\w+\][ \t]*$/gm

const lineEnd = /\r\n?|\n/

/** HTML in a text is shown as text, and links with scripts are refused, so the output is safe. */
const parser = () => markdownIt({ html: false, linkify: true, maxNesting })
const forPrograms = { whole: parser(), withoutTables: parser().disable('table') }
const forPages = { whole: parser().use(adaptToPages), withoutTables: parser().use(adaptToPages).disable('table') }
const plain = markdownIt({ html: false, linkify: false, maxNesting }).disable('table')

/** Renders Markdown as safe HTML. What is too long, or would become so, comes back as it is written, in one `pre` element. */
export const renderMarkdown = (text: string): string => String(render(text, forPrograms))

/**
 * Renders Markdown for a page of the hub: as `renderMarkdown`, but headings are one level lower, since the page has the first one, and images are
 * links, since pages load nothing from other hosts.
 */
export const renderNotes = (text: string): SafeHtml => render(text, forPages)

function render(text: string, parsers: typeof forPages): SafeHtml {
  if (text.length > maxSource) return asWritten(text)
  const rendered = (cellBound(text) > maxCells ? parsers.withoutTables : parsers.whole).render(text).trimEnd()
  return rendered.length > maxHtml ? asWritten(text) : html.raw`${rendered}`
}

const asWritten = (text: string) => html`<pre>${text}</pre>`

function adaptToPages({ core }: MarkdownIt): void {
  core.ruler.push('pages', ({ tokens, Token }) => {
    for (const token of tokens) {
      if (token.type.startsWith('heading_')) token.tag = `h${Math.min(6, Number(token.tag.slice(1)) + 1)}`
      if (token.children) token.children = linkImages(token.children, Token)
    }
  })
}

/** Replaces each image by a link to it, and one that is inside of a link by its description. */
function linkImages(tokens: readonly Token[], Made: StateCore['Token']): Token[] {
  let isInLink = false
  return tokens.flatMap((token) => {
    if (token.type === 'link_open' || token.type === 'link_close') isInLink = token.type === 'link_open'
    if (token.type !== 'image') return [token]
    const description = new Made('text', '', 0)
    description.content = `Image: ${plainText(token) || 'no description'}`
    if (isInLink) return [description]
    const open = new Made('link_open', 'a', 1)
    open.attrs = [['href', token.attrGet('src') ?? '']]
    return [open, description, new Made('link_close', 'a', -1)]
  })
}

/** An upper bound of the number of cells in the tables of a text. */
function cellBound(text: string): number {
  const lines = text.split(lineEnd)
  return lines.length * lines.reduce((most, line) => Math.max(most, line.split('|').length), 0)
}

/** The beginning of a Markdown text in one line, without syntax and tables; at most `length` characters and ` …`. */
export function excerptOf(text: string, maxLength: number): string {
  const isCut = text.length > maxExcerptSource
  const source = isCut ? text.slice(0, maxExcerptSource).replace(/[\uD800-\uDBFF]$/, '') : text
  const blocks = plain
    .parse(dropTables(source.replace(alertMark, '$1')), {})
    .map(plainText)
    .filter((one) => one !== '')
  if (isCut) blocks.push(dropOpenMarks(blocks.pop() ?? ''))
  const points = [...blocks.join(' ').trim().split(/\s+/).join(' ')]
  if (points.length <= maxLength) return points.join('')
  const words = points.slice(0, maxLength).join('')
  const end = words.lastIndexOf(' ')
  return `${end > 0 ? words.slice(0, end) : words} …`
}

/** The visible text of a token and its children. */
function plainText({ type, content, children }: Token): string {
  if (type === 'softbreak' || type === 'hardbreak') return ' '
  return children ? children.map(plainText).join('') : content
}

/** Removes tables: a head, the row of dashes below it, and the lines up to an empty line. */
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

/** Removes unpaired syntax from the end of a text that was cut. */
function dropOpenMarks(text: string): string {
  let rest = text
  for (let at = rest.lastIndexOf('['); at >= 0 && isOpen(rest, at); at = rest.lastIndexOf('[')) rest = rest.slice(0, at)
  return rest.replace(/!$|[*`~]|(?<!\w)_+/g, '')
}

const isOpen = (text: string, bracket: number) => !text.includes(']', bracket) || text.includes('](', bracket)

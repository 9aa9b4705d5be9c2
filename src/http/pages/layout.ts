import type { Config } from '../../config.ts'
import type { Actor } from '../../context.ts'
import { escapeHtml } from '../server/escape.ts'

/** What every page shows around its own content. */
export interface PageFrame {
  readonly config: Pick<Config, 'siteTitle'>
  readonly actor: Actor
  /** Path and query of this page: where a login leads back to. */
  readonly path: string
}

const style = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); --soft: color-mix(in srgb, currentColor 6%, transparent); --quiet: color-mix(in srgb, currentColor 65%, transparent) }
* { box-sizing: border-box }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 0 1.25rem 3rem }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: baseline; padding: 1rem 0; border-bottom: 1px solid var(--line); margin-bottom: 1.5rem }
header a { text-decoration: none } header .site { font-weight: 650; color: inherit } header .who { margin-left: auto; color: var(--quiet) } header form { display: inline } header form button { padding: 0; border: 0; background: none; color: light-dark(#0b5394, #8ab4f8) }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .5rem } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
a { color: light-dark(#0b5394, #8ab4f8) }
.quiet { color: var(--quiet) } .wrap { overflow-wrap: anywhere }
form.search { display: flex; gap: .5rem; margin: 1rem 0 } form.search input { flex: 1; min-width: 0 }
input, button { font: inherit; padding: .45rem .7rem; border: 1px solid var(--line); border-radius: .3rem } button { cursor: pointer }
ul.plain { list-style: none; padding: 0; margin: 0 } ul.plain > li { padding: .7rem 0; border-top: 1px solid var(--line) } ul.plain > li:first-child { border-top: 0 }
ul.plain p { margin: .1rem 0 }
.labels a, .label { display: inline-block; background: var(--soft); border-radius: .3rem; padding: .05rem .5rem; margin: .15rem .3rem .15rem 0; text-decoration: none; font-size: .9rem }
.columns { display: grid; gap: 0 2.5rem } .columns section > :first-child, .columns aside > :first-child { margin-top: 0 } @media (min-width: 48rem) { .columns { grid-template-columns: 1fr 15rem } }
aside h2 { font-size: 1rem; margin: 1.25rem 0 .25rem } aside ul { list-style: none; padding: 0; margin: 0 } aside li { display: flex; justify-content: space-between; gap: 1rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-top: 1px solid var(--line) }
th { font-weight: 600 } th[scope="row"] { min-width: 8rem; overflow-wrap: break-word } .number { text-align: right; white-space: nowrap }
code, pre { background: var(--soft); border-radius: .25rem } code { padding: 0 .25rem; overflow-wrap: anywhere } pre { padding: .75rem; overflow-x: auto } pre code { padding: 0; background: none }
nav.pages { display: flex; gap: 1.5rem; margin-top: 1.5rem }
`

/** A whole page; `title` is a text, `content` is HTML. */
export function layout({ config, actor, path }: PageFrame, { title, content }: { title: string; content: string }): string {
  const site = escapeHtml(config.siteTitle)
  const login = `/login?next=${escapeHtml(encodeURIComponent(path))}`
  const who =
    actor.kind === 'user'
      ? `${escapeHtml(actor.name)} · <form method="post" action="/logout?next=/"><button>Log out</button></form>`
      : `<a href="${login}">Log in</a>`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title === '' ? site : `${escapeHtml(title)} – ${site}`}</title>
<style>${style}</style>
</head>
<body>
<header><a class="site" href="/">${site}</a><a href="/dataset">Datasets</a><span class="who">${who}</span></header>
<main>
${content}
</main>
</body>
</html>
`
}

/** The form that searches datasets. */
export const searchForm = (query: string) =>
  `<form class="search" action="/dataset" role="search"><input type="search" name="q" value="${escapeHtml(query)}" placeholder="Search datasets" aria-label="Search datasets"><button>Search</button></form>`

/** Address of the search page. */
export function searchUrl(query: string, page = 1): string {
  const parameters = new URLSearchParams({ ...(query === '' ? {} : { q: query }), ...(page > 1 ? { page: String(page) } : {}) })
  return parameters.size === 0 ? '/dataset' : `/dataset?${parameters}`
}

/** A condition of the query language on the value of a field. */
export const condition = (field: string, value: string) => `${field}:${/^[\w.-]+$/.test(value) ? value : `"${value.replaceAll('"', ' ')}"`}`

/** A link whose address is HTML-safe; anything but http, https and ftp is shown as a text. */
export function outsideLink(url: string, text = url): string {
  const shown = escapeHtml(text)
  return /^(https?|ftp):\/\//i.test(url) ? `<a href="${escapeHtml(url)}" rel="nofollow">${shown}</a>` : shown
}

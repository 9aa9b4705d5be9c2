import { html, type SafeHtml } from '@remix-run/html-template'
import type { Config } from '../../config.ts'
import type { Actor } from '../../context.ts'
import { icon, stylesheet } from './assets.ts'
import { type Choice, searchUrl } from './search-address.ts'

/** What every page shows around its own content. */
export interface PageFrame {
  readonly config: Pick<Config, 'siteTitle'>
  readonly actor: Actor
  /** Path and query of this page, to which a login returns. Absent on the login page. */
  readonly path: string | undefined
}

/** A whole page; an empty `title` makes the start page's. */
export function layout(frame: PageFrame, { title, content }: { title: string; content: SafeHtml }): SafeHtml {
  const site = frame.config.siteTitle
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title === '' ? site : `${title} – ${site}`}</title>
<link rel="stylesheet" href="${stylesheet.path}">
<link rel="icon" type="image/svg+xml" href="${icon.path}">
</head>
<body>
<header><a class="site" href="/">${site}</a><a href="/dataset">Datasets</a>${caller(frame)}</header>
<main>
${content}
</main>
</body>
</html>
`
}

/** Who is logged in, with the way out, or the way in. */
function caller({ actor, path }: PageFrame): SafeHtml | string {
  if (actor.kind === 'user')
    return html`<span class="who"><span class="quiet">${actor.name}</span><form method="post" action="/logout?next=/"><button>Log out</button></form></span>`
  return path === undefined ? '' : html`<span class="who"><a href="/login?next=${encodeURIComponent(path)}">Log in</a></span>`
}

/** The form that searches datasets; what is chosen stays chosen. */
export function searchForm(query: string, choices: readonly Choice[]): SafeHtml {
  const kept = choices.map(({ field, value }) => html`<input type="hidden" name="${field}" value="${value}">`)
  return html`<form class="search" action="${searchUrl({})}" role="search"><input type="search" name="q" value="${query}" placeholder="Search datasets" aria-label="Search datasets">${kept}<button>Search</button></form>`
}

/** A link to another site; an address that is not http, https or ftp is shown as text. */
export const outsideLink = (url: string, text = url): SafeHtml =>
  /^(https?|ftp):\/\//i.test(url) ? html`<a href="${url}" rel="nofollow">${text}</a>` : html`${text}`

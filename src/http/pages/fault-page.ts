import { html, type SafeHtml } from '@remix-run/html-template'
import { layout, type PageFrame } from './layout.ts'
import { searchUrl } from './search-address.ts'

const titles: Readonly<Record<number, string>> = {
  400: 'Invalid request',
  401: 'Please log in',
  403: 'You may not see this page',
  404: 'Page not found',
  405: 'Invalid request',
  429: 'Too many requests',
  503: 'The hub cannot answer now',
}

/** The page that says what went wrong, and what to do. */
export function faultPage(frame: PageFrame, { status, message }: { status: number; message: string }): SafeHtml {
  const title = titles[status] ?? 'Something went wrong'
  const content = html`<h1>${title}</h1>
<p class="wrap">${asSentence(message)}</p>
<p>${nextStep(frame, status)}</p>`
  return layout(frame, { title, content })
}

/** A message of an error as a whole sentence. */
export const asSentence = (message: string): string => `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.!?]$/.test(message) ? '' : '.'}`

function nextStep({ actor, path }: PageFrame, status: number): SafeHtml {
  const home = html`<a href="/">Go to the start page</a>`
  if (status === 401 || status === 403) {
    if (actor.kind === 'user') return html`You are logged in as ${actor.name}, who has no access. ${home}.`
    return html`<a href="/login?next=${encodeURIComponent(path ?? '/')}">Log in</a> with an account that has access, or ${lowerHome}.`
  }
  if (status === 404)
    return html`The address may be misspelled, or the dataset deleted or renamed. <a href="${searchUrl({})}">Search all datasets</a>, or ${lowerHome}.`
  if (status >= 500 || status === 429) return html`Wait a moment and load this page again. ${home}.`
  return html`Check the address. ${home}.`
}

const lowerHome = html`<a href="/">go to the start page</a>`

import { html, type SafeHtml } from '@remix-run/html-template'
import { layout, type PageFrame } from './layout.ts'

/** The form in which people log in; `target` is the path to go to afterwards, `alert` says why the last try failed. */
export function loginPage(frame: Omit<PageFrame, 'path'>, { alert, target }: { alert: string | undefined; target: string }): SafeHtml {
  const content = html`<h1>Log in</h1>
${alert === undefined ? '' : html`<p role="alert">${alert}</p>`}
<form class="login" method="post" action="/login?next=${encodeURIComponent(target)}">
<label for="username">Name</label><input id="username" name="username" autocomplete="username" required>
<label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required>
<button>Log in</button>
</form>`
  return layout({ ...frame, path: undefined }, { title: 'Log in', content })
}

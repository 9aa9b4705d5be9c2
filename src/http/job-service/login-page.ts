import { escapeHtml } from '../server/escape.ts'

/** The form for people. */
export function loginPage({ alert, target }: { alert: string | undefined; target: string }): string {
  const failed = alert === undefined ? '' : `<p role="alert">${escapeHtml(alert)}</p>`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Log in</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:24rem;margin:3rem auto;padding:0 1rem}label,input,button{display:block;width:100%;font:inherit;box-sizing:border-box}input,button{padding:.5rem;margin:.25rem 0 1rem}</style>
<h1>Log in</h1>
${failed}
<form method="post" action="/login?next=${escapeHtml(encodeURIComponent(target))}">
<label for="username">Name</label><input id="username" name="username" autocomplete="username" required>
<label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required>
<button>Log in</button>
</form>
</html>
`
}

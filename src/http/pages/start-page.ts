import { escapeHtml } from './escape.ts'

const surfaces = [
  ['Catalogue', '/api/3/action/package_search', 'datasets, by CKAN’s Action API'],
  ['Job service', '/status', 'functions as synchronous or asynchronous jobs'],
  ['Job types', '/v6/job-types/', 'versioned containers described by Seed manifests'],
  ['Changes', '/changes', 'what has changed, oldest first'],
  ['Every route', '/openapi.json', 'an OpenAPI description'],
] as const

/** The first page a person sees. */
export function startPage(site: { title: string; url: string }): string {
  const title = escapeHtml(site.title)
  const rows = surfaces.map(([name, path, what]) => `<li><a href="${path}">${name}</a>: ${what}</li>`).join('\n')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; color: #222 }
h1 { font-size: 1.6rem }
a { color: #0b5394 }
code { background: #f2f2f2; padding: 0 .25rem }
</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>An open-data hub. Programs reach it at <code>${escapeHtml(site.url)}</code>:</p>
<ul>
${rows}
</ul>
</main>
</body>
</html>
`
}

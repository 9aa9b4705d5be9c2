/** Whether a request would rather have a page than JSON: `text/html` is named, and JSON is not named with a higher quality. */
export function prefersHtml(accept: string | undefined): boolean {
  const qualities = new Map<string, number>()
  for (const part of (accept ?? '').split(',')) {
    const [type, ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    const quality = parameters.find((text) => text.startsWith('q='))
    if (type) qualities.set(type, quality === undefined ? 1 : Number(quality.slice(2)) || 0)
  }
  const html = qualities.get('text/html') ?? 0
  return html > 0 && html >= (qualities.get('application/json') ?? 0)
}

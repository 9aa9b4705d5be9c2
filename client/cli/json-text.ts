/** A JSON value as `ckanapi` writes it: keys sorted at every level, no spaces. With `indent` spaces for each level it has line breaks, for readers. */
export function sortedJson(value: unknown, indent = 0, depth = 0): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const colon = indent > 0 ? ': ' : ':'
  const parts = Array.isArray(value)
    ? value.map((item) => sortedJson(item, indent, depth + 1))
    : sortedEntries(value).map(([key, item]) => `${JSON.stringify(key)}${colon}${sortedJson(item, indent, depth + 1)}`)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  if (parts.length === 0 || indent === 0) return `${open}${parts.join(',')}${close}`
  const margin = (level: number) => `\n${' '.repeat(indent * level)}`
  return `${open}${margin(depth + 1)}${parts.join(`,${margin(depth + 1)}`)}${margin(depth)}${close}`
}

function sortedEntries(value: object): [string, unknown][] {
  const entries: [string, unknown][] = Object.entries(value)
  return entries.filter(([, item]) => item !== undefined).sort(([a], [b]) => (a < b ? -1 : 1))
}

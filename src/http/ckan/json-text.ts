/** A value that is JSON text already; it is spliced into the answer as it is. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Any value as JSON text. */
export const toJson = (value: unknown): string => (value instanceof JsonText ? value.text : (JSON.stringify(value) ?? 'null'))

/** A list of finished texts. */
export const joinTexts = (items: readonly JsonText[]) => new JsonText(`[${items.map((item) => item.text).join(',')}]`)

/** An object with further keys whose values are finished texts. */
export function withTexts(object: Readonly<Record<string, unknown>>, texts: Readonly<Record<string, JsonText>>): JsonText {
  const head = JSON.stringify(object).slice(0, -1)
  return new JsonText(
    `${head}${Object.entries(texts)
      .map(([key, { text }]) => `,${JSON.stringify(key)}:${text}`)
      .join('')}}`,
  )
}

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

const PAUSE_MS = 10_000
const BAR_WIDTH = 30

/** Where progress goes: a terminal, or a file or pipe that is read later. */
export interface ProgressOutput {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** Shows how far a command is: a bar on a terminal, elsewhere a line every ten seconds. */
export class Progress {
  readonly #output: ProgressOutput | null
  readonly #timer: NodeJS.Timeout | undefined
  #line = ''
  #shown = ''

  /** `null` shows nothing. Without a terminal a timer writes the last state every `pauseMs` until `end`. */
  constructor(output: ProgressOutput | null, pauseMs = PAUSE_MS) {
    this.#output = output
    if (output && !output.isTTY) this.#timer = setInterval(() => this.#writeLine(), pauseMs)
    this.#timer?.unref()
  }

  /** `total` null: not known. */
  update(label: string, done: number, total: number | null): void {
    this.#line = total === null ? `${label} ${done}` : `${label} ${done} of ${total}`
    if (!this.#output?.isTTY) return
    const line = `${barOf(done, total)}${this.#line}`
    if (line !== this.#shown) this.#output.write(`\r\x1b[K${line}`)
    this.#shown = line
  }

  /** Writes a line that stays, such as a fault of one record. */
  note(output: ProgressOutput, text: string): void {
    const isOnBar = this.#shown !== '' && this.#output?.isTTY === true
    output.write(`${isOnBar ? '\r\x1b[K' : ''}${text}\n`)
    if (isOnBar) output.write(this.#shown)
  }

  /** Ends the line of the bar, so that other output may follow. */
  end(): void {
    clearInterval(this.#timer)
    if (this.#shown !== '') this.#output?.write('\n')
    this.#shown = ''
  }

  #writeLine(): void {
    if (this.#line !== '') this.#output?.write(`${this.#line}\n`)
  }
}

function barOf(done: number, total: number | null): string {
  if (total === null) return ''
  const filled = total > 0 ? Math.round((Math.min(done, total) / total) * BAR_WIDTH) : BAR_WIDTH
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] `
}

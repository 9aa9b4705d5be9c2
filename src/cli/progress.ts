/** The output for progress: a terminal, or a file or pipe that is read later. */
export interface ProgressOutput {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** The progress of one long command. */
export interface Progress {
  /** Reports progress. Call it at each change, and at least every few seconds. */
  update(done: number, note?: string): void
  /** Ends the line, so that other output may follow. */
  end(): void
}

const barWidth = 30
const pauseMs = 10_000

/** Shows progress towards `total`: a bar on a terminal, otherwise a line every ten seconds. `clock` in milliseconds. */
export function showProgress(label: string, total: number, to: { output?: ProgressOutput; clock?: () => number } = {}): Progress {
  const { output = process.stderr, clock = Date.now } = to
  let shown = ''
  let shownAt = clock()
  const describe = (done: number, note: string) => `${label} ${done} of ${total}${note === '' ? '' : `, ${note}`}`
  const update = (done: number, note = '') => {
    if (output.isTTY) {
      const filled = total > 0 ? Math.round((Math.min(done, total) / total) * barWidth) : barWidth
      const line = `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ${describe(done, note)}`
      if (line !== shown) output.write(`\r\x1b[K${line}`)
      shown = line
    } else if (clock() - shownAt >= pauseMs) {
      output.write(`${describe(done, note)}\n`)
      shownAt = clock()
    }
  }
  return { update, end: () => void (shown !== '' && output.write('\n')) }
}

import type { Header } from './header.ts'
import type { OpenTable } from './read-table.ts'
import type { Batch } from './table.ts'

/** How a format opens a table from the batches that are read from a file. */
export interface RowsOpening<Read> {
  readonly encoding: string
  /** Reads the header from the first batch; the remaining items are rows. */
  readonly readHeader: (first: Read | undefined) => { header: Header; rest: Read }
  /** Arranges the cells of rows by the names of the header. */
  readonly shaper: (header: Header) => { shape: (read: Read) => Batch; finish: () => void }
}

/** Reads the header, and returns the rows after it. */
export async function openRows<Read>(rows: AsyncGenerator<Read>, { encoding, readHeader, shaper }: RowsOpening<Read>): Promise<OpenTable> {
  const close = async () => {
    await rows.return(undefined)
  }
  try {
    const next = await rows.next()
    const { header, rest } = readHeader(next.done ? undefined : next.value)
    const { shape, finish } = shaper(header)
    const batches = async function* () {
      yield shape(rest)
      for await (const batch of rows) yield shape(batch)
      finish()
    }
    return { header, encoding, batches: batches(), close }
  } catch (error) {
    await close()
    throw error
  }
}

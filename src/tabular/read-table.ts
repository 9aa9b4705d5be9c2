import { openCsv } from './csv/table.ts'
import type { Reading } from './dialect.ts'
import { type FaultList, UnreadableTable } from './faults.ts'
import type { Header } from './header.ts'
import { openJson } from './json/table.ts'
import type { Batch } from './table.ts'

/** A file that holds one table, and what its publisher says about it. */
export interface TableFile {
  readonly localPath: string
  readonly reading: Reading
  /** Names for files without a header row. */
  readonly fieldNames: readonly string[]
}

export interface OpenTable {
  readonly header: Header
  readonly encoding: string
  /** All rows after the header, each with as many cells as there are names. To be gone through once. */
  readonly batches: AsyncIterable<Batch>
  /** Lets go of the file; needed when the batches are not gone through to the end. */
  readonly close: () => Promise<void>
}

type Reader = (file: TableFile, faults: FaultList) => Promise<OpenTable>

const readers: Readonly<Record<string, Reader>> = {
  csv: openCsv,
  tsv: openCsv,
  tab: openCsv,
  txt: openCsv,
  json: openJson,
  ndjson: openJson,
  jsonl: openJson,
}

/** Opens a file as far as its header. Throws `UnreadableTable` for formats that cannot be read and files that are not what they are said to be. */
export function openTable(file: TableFile, faults: FaultList): Promise<OpenTable> {
  return getReader(file.reading.format)(file, faults)
}

/** Throws `UnreadableTable` for a format that cannot be read. */
export function getReader(format: string): Reader {
  const reader = Object.hasOwn(readers, format) ? readers[format] : undefined
  if (!reader) throw new UnreadableTable(`the format ${JSON.stringify(format)} cannot be read as a table; csv, tsv, json and ndjson can`)
  return reader
}

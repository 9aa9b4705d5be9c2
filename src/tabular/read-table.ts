import { openCsv } from './csv/table.ts'
import type { Reading } from './dialect.ts'
import { type FaultList, UnreadableTable } from './faults.ts'
import type { Header } from './header.ts'
import { openJson } from './json/table.ts'
import type { Batch } from './table.ts'

/** A file that holds one table, with its publisher's description. */
export interface TableFile {
  readonly localPath: string
  readonly reading: Reading
  /** Column names for files without a header row. */
  readonly fieldNames: readonly string[]
}

export interface OpenTable {
  readonly header: Header
  readonly encoding: string
  /** All rows after the header, each with as many cells as there are names. To be read once. */
  readonly batches: AsyncIterable<Batch>
  /** Closes the file; needed when the batches are not read to the end. */
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

/** Opens a file and reads its header. Throws `UnreadableTable` for unsupported formats and for files that do not have the declared format. */
export function openTable(file: TableFile, faults: FaultList): Promise<OpenTable> {
  return getReader(file.reading.format)(file, faults)
}

/** Throws `UnreadableTable` for an unsupported format. */
export function getReader(format: string): Reader {
  const reader = Object.hasOwn(readers, format) ? readers[format] : undefined
  if (!reader) throw new UnreadableTable(`the format ${JSON.stringify(format)} cannot be read as a table; csv, tsv, json and ndjson can`)
  return reader
}

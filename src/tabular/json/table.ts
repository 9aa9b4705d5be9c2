import { findEncoding, readText } from '../encoding.ts'
import { type FaultList, UnreadableTable } from '../faults.ts'
import type { Header } from '../header.ts'
import { openRows } from '../open-rows.ts'
import type { OpenTable, TableFile } from '../read-table.ts'
import { RowShape } from '../row-shape.ts'
import { arrayHeader, type ItemBatch, jsonItems, keyedHeader, rowsOfArrays, rowsOfObjects } from './read.ts'

/** Opens a JSON array of rows, or one JSON value on each line. Rows are objects, or arrays of which the first one is the header. */
export async function openJson(file: TableFile, faults: FaultList): Promise<OpenTable> {
  const { reading } = file
  const encoding = await findEncoding(file.localPath, reading.encoding, faults)
  const items = jsonItems(readText(file.localPath, encoding), reading)
  let isKeyed = true
  return openRows(items, {
    encoding,
    readHeader: (first = { items: [], numbers: [] }) => {
      isKeyed = !Array.isArray(first.items[0])
      if (first.items.length > 0 && reading.isKeyed === !isKeyed)
        throw new UnreadableTable(`the dialect says that rows are ${isKeyed ? 'arrays' : 'objects'}, and they are not`)
      return isKeyed ? { header: keyedHeader(first.items[0], file), rest: first } : readArrays(first, file)
    },
    shaper: (header) => {
      if (isKeyed) return { shape: rowsOfObjects(header, faults), finish: () => undefined }
      const shape = new RowShape(header, faults)
      return { shape: (batch) => shape.shape(rowsOfArrays(batch)), finish: () => shape.finish() }
    },
  })
}

function readArrays({ items, numbers }: ItemBatch, file: TableFile): { header: Header; rest: ItemBatch } {
  return { header: arrayHeader(items[0], file), rest: { items: items.slice(1), numbers: numbers.slice(1) } }
}

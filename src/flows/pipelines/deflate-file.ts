import { open } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'

const blockBytes = 512 * 1024
/** As far back as deflate can refer. */
const windowBytes = 32 * 1024
/** The thread pool has four threads, and something else may want one. */
const blocksAtOnce = Math.min(4, availableParallelism()) + 1
/** An empty last block: what a stream of flushed blocks needs to be complete. */
const streamEnd = Buffer.from([3, 0])

const deflateBlock = promisify(deflateRaw)

/** What is known of an entry once it was read to its end. */
export interface Deflated {
  /** CRC-32 of the plain bytes. */
  checksum: number
  /** Plain and deflated bytes. */
  size: number
  packedSize: number
}

/**
 * Deflates a file block by block on all cores; each block knows the end of the one before it, so the result is one ordinary stream and
 * hardly larger than if it had been made in one go. Fills `known` on the way.
 */
export async function* deflateFile(path: string, level: number, known: Deflated): AsyncGenerator<Buffer> {
  const file = await open(path)
  const packing: Promise<Buffer>[] = []
  try {
    let before: Buffer | undefined
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(blockBytes), 0, blockBytes)
      if (bytesRead === 0) break
      const block = buffer.subarray(0, bytesRead)
      known.checksum = crc32(block, known.checksum)
      known.size += bytesRead
      packing.push(
        deflateBlock(block, { level, chunkSize: blockBytes, finishFlush: constants.Z_SYNC_FLUSH, dictionary: before?.subarray(-windowBytes) }),
      )
      before = block
      if (packing.length > blocksAtOnce) yield* packed(packing.splice(0, 1), known)
    }
    yield* packed(packing.splice(0), known)
    yield* packed([Promise.resolve(streamEnd)], known)
  } finally {
    await Promise.allSettled(packing)
    await file.close()
  }
}

async function* packed(blocks: readonly Promise<Buffer>[], known: Deflated): AsyncGenerator<Buffer> {
  for (const block of blocks) {
    const bytes = await block
    known.packedSize += bytes.length
    yield bytes
  }
}

import { createReadStream } from 'node:fs'
import { extname, join } from 'node:path'
import { writeFile } from './output-file.ts'
import { describeFile, type Products } from './package.ts'
import { onlySource } from './table-file.ts'
import type { PipelineHooks, PipelineTask } from './task.ts'

const pieceBytes = 128 * 1024

/** The source as it was published, byte for byte. */
export async function copySource(task: PipelineTask, hooks: PipelineHooks): Promise<Products> {
  const source = onlySource(task)
  const fileName = `${source.name}${extname(source.resource.path)}`
  const written = await writeFile(join(task.outDir, fileName), async (file) => {
    for await (const piece of createReadStream(source.localPath, { highWaterMark: pieceBytes })) {
      hooks.signal?.throwIfAborted()
      await file.write(piece)
    }
  })
  hooks.log(`${written.size} bytes copied to ${fileName}`)
  const about = { ...source.resource, datahub: { type: source.isTabular ? 'source/tabular' : 'original' } }
  const file = describeFile(written, { name: task.artifact, folder: 'archive', fileName, about })
  return { files: [file], rows: 0, bytes: file.size }
}

import { extname, join } from 'node:path'
import { ZipFile } from 'yazl'
import { writeFile } from './output-file.ts'
import { describeFile, describePackage, type Products } from './package.ts'
import type { PipelineHooks, PipelineTask, ResourceDescriptor, TaskSource } from './task.ts'

interface Entry {
  readonly path: string
  readonly localPath: string
  readonly resource: ResourceDescriptor
}

/** One archive with the report, all CSV and JSON files and the sources as they were published, described by a package of its own. */
export async function makeZip(task: PipelineTask, hooks: PipelineHooks): Promise<Products> {
  const fileName = `${task.artifact}.zip`
  const entries = [...derivedEntries(task), ...task.sources.map(originalEntry)].filter(isFirstOfPath)
  const { descriptor } = describePackage(task, { resources: entries.map((entry) => entry.resource), views: [] })
  const written = await writeFile(join(task.outDir, fileName), async (file) => {
    const zip = new ZipFile()
    // The same data of the same revision gives the same bytes.
    const options = { mtime: new Date(task.meta.modified), mode: 0o100644, compressionLevel: 6 }
    zip.addBuffer(Buffer.from(JSON.stringify(descriptor, null, 2)), 'datapackage.json', options)
    const readme = task.descriptor['readme']
    if (typeof readme === 'string' && readme !== '') zip.addBuffer(Buffer.from(readme), 'README.md', options)
    for (const entry of entries) zip.addFile(entry.localPath, entry.path, options)
    zip.end()
    for await (const piece of zip.outputStream) {
      hooks.signal?.throwIfAborted()
      await file.write(Buffer.from(piece))
    }
  })
  hooks.log(`${entries.length} files, ${written.size} bytes in ${fileName}`)
  const about = {
    format: 'zip',
    mediatype: 'application/zip',
    datahub: { type: 'derived/zip', derivedFrom: task.sources.map((source) => source.name) },
  }
  const file = describeFile(written, { name: task.artifact, folder: 'data', fileName, about })
  return { files: [file], rows: 0, bytes: file.size }
}

function derivedEntries(task: PipelineTask): Entry[] {
  return task.results.flatMap((result) => result.files.map(({ path, localPath, resource }) => ({ path, localPath, resource: { ...resource, path } })))
}

function originalEntry(source: TaskSource): Entry {
  const path = `archive/${source.name}${extname(source.resource.path)}`
  const resource = { ...source.resource, name: `${source.name}_original`, path, datahub: { type: 'original' } }
  return { path, localPath: source.localPath, resource }
}

const isFirstOfPath = (entry: Entry, index: number, entries: readonly Entry[]) => entries.findIndex((other) => other.path === entry.path) === index

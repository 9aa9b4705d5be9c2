import { createHash } from 'node:crypto'
import type { Insertable } from 'kysely'
import type { StoredFile } from '../store/files/file-store.ts'
import type { Db } from '../store/store.ts'
import type { Schema } from '../store/tables/schema.ts'

/** An output file of a revision. */
export interface FlowFile extends StoredFile {
  readonly flowId: string
  readonly pipelineId: string
  /** Place in the package: `data/R_csv.csv`. */
  readonly path: string
  /** The same with its hash in it: `data/MD5/R_csv.csv`. */
  readonly hashedPath: string
  /** `csv`, `json`, `zip`, …; null when unknown. */
  readonly format: string | null
}

/** Adds files. They replace those of an earlier attempt at the same paths. */
export async function saveFiles(db: Db, files: readonly FlowFile[]): Promise<void> {
  for (const file of files) {
    const row: Insertable<Schema['flow_file']> = {
      flow_id: file.flowId,
      path: file.path,
      hashed_path: file.hashedPath,
      pipeline_id: file.pipelineId,
      digest: file.digest,
      md5: file.md5,
      size: file.size,
      format: file.format,
    }
    const { flow_id: _flow, path: _path, ...changed } = row
    await db
      .insertInto('flow_file')
      .values(row)
      .onConflict((on) => on.columns(['flow_id', 'path']).doUpdateSet(changed))
      .execute()
  }
}

/** The file of a revision at a path, with or without its hash in it. */
export async function findFile(db: Db, flowId: string, path: string): Promise<FlowFile | undefined> {
  const row = await db
    .selectFrom('flow_file')
    .selectAll()
    .where('flow_id', '=', flowId)
    .where((eb) => eb.or([eb('path', '=', path), eb('hashed_path', '=', path)]))
    .orderBy('path')
    .limit(1)
    .executeTakeFirst()
  if (!row) return undefined
  const { flow_id: ownFlow, pipeline_id: pipelineId, hashed_path: hashedPath, digest, md5, size, format } = row
  return { flowId: ownFlow, pipelineId, path: row.path, hashedPath, digest, md5, size, format }
}

const digestOf = (url: string) => createHash('sha256').update(url).digest('hex')

/** The bytes of a source, in the file store. */
export type FetchedSource = Pick<StoredFile, 'digest' | 'size'>

/** The source as this revision has fetched it. */
export async function findFetched(db: Db, flowId: string, url: string): Promise<FetchedSource | undefined> {
  const row = await db
    .selectFrom('flow_source')
    .select(['digest', 'size'])
    .where('flow_id', '=', flowId)
    .where('url_digest', '=', digestOf(url))
    .executeTakeFirst()
  return row && { digest: row.digest, size: row.size }
}

/** Records a fetched source. Returns the stored one: if two processes fetched at once, the first one's. */
export async function saveFetched(db: Db, fetched: { flowId: string; url: string; file: FetchedSource }): Promise<FetchedSource> {
  const { flowId, url, file } = fetched
  await db
    .insertInto('flow_source')
    .values({ flow_id: flowId, url_digest: digestOf(url), digest: file.digest, size: file.size })
    .onConflict((on) => on.columns(['flow_id', 'url_digest']).doNothing())
    .execute()
  return (await findFetched(db, flowId, url)) ?? file
}

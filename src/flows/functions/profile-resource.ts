import { defineJob, JobError } from '../../jobs/functions/define.ts'
import { parseReading } from '../../tabular/dialect.ts'
import { FaultList, UnreadableTable } from '../../tabular/faults.ts'
import { warnOfTwins } from '../../tabular/header.ts'
import { openTable } from '../../tabular/read-table.ts'
import { ColumnCounter } from './profile-column.ts'

/** The input that the hub prepares for the child process. */
export interface ProfileFile {
  readonly localPath: string
  readonly format: string
}

const defaultDistinct = 10_000
/** Maximum distinct values that all columns together keep. */
const maxKeptValues = 300_000
const reportEveryMs = 2_000
const shownFaults = 5

/** Counts the rows of a table and profiles each column. */
export const profileResource = defineJob({
  name: 'profile_resource',
  mode: 'async',
  title: 'Counts the rows of a table and profiles its columns',
  input: {
    type: 'object',
    properties: {
      url: { type: 'string', pattern: '^https?://' },
      resource_id: { type: 'string' },
      format: { type: 'string' },
      distinct_limit: { type: 'integer', minimum: 1, maximum: 100_000 },
    },
    anyOf: [{ required: ['url'] }, { required: ['resource_id'] }],
  } as object,
  async run(ctx) {
    const { file, distinctLimit } = parseTask(ctx.prepared, ctx.data)
    try {
      return await profileTable(file, { distinctLimit, signal: ctx.signal, report: (rows) => ctx.progress(0, `${rows} rows`) })
    } catch (error) {
      if (error instanceof UnreadableTable) throw new JobError(error.message)
      throw error
    }
  },
})

/** The schema has validated `data`, and the hub provides the file. */
function parseTask(prepared: unknown, data: unknown): { file: ProfileFile; distinctLimit: number } {
  const { distinct_limit = defaultDistinct } = data as { distinct_limit?: number }
  return { file: prepared as ProfileFile, distinctLimit: distinct_limit }
}

async function profileTable(file: ProfileFile, how: { distinctLimit: number; signal: AbortSignal; report: (rows: number) => void }) {
  const faults = new FaultList('table', 'file')
  const table = await openTable({ localPath: file.localPath, reading: parseReading({ format: file.format }), fieldNames: [] }, faults)
  warnOfTwins(table.header, faults)
  const { names } = table.header
  const limit = Math.max(1, Math.min(how.distinctLimit, Math.floor(maxKeptValues / names.length)))
  const counters = names.map((name) => new ColumnCounter(name, limit))
  let [rows, reportedAt] = [0, performance.now()]
  for await (const batch of table.batches) {
    how.signal.throwIfAborted()
    for (const row of batch.rows) for (const [place, counter] of counters.entries()) counter.add(row[place])
    rows += batch.rows.length
    if (performance.now() - reportedAt < reportEveryMs) continue
    reportedAt = performance.now()
    how.report(rows)
  }
  return {
    rows,
    encoding: table.encoding,
    columns: counters.map((counter) => counter.profile()),
    warnings: faults.warnings,
    bad_rows: faults.count,
    bad_row_examples: faults.kept.slice(0, shownFaults).map((fault) => `row ${fault.row} ${fault.rule}`),
  }
}

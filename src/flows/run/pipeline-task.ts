import { defineJob, JobError } from '../../jobs/functions/define.ts'
import { runPipeline } from '../pipelines/run.ts'
import { PipelineFailure, type PipelineResult, type PipelineTask } from '../pipelines/task.ts'

/** What the child hands back: files in the attempt's folder, and the lines that the flow's log is to show. */
export interface PipelineValue {
  readonly result: PipelineResult
  readonly lines: readonly string[]
}

/** What a failed pipeline reports beside its message. */
export interface PipelineFault {
  /** For the pipeline's `error_log`. */
  readonly errors: readonly string[]
  readonly lines: readonly string[]
}

const mostLines = 100
const tellEveryMs = 2000

/** The function that the child process runs: one pipeline on local files. */
export const sourcePipeline = defineJob({
  name: 'source-pipeline',
  mode: 'async',
  run: async (ctx): Promise<PipelineValue> => {
    const lines: string[] = []
    const log = (line: string) => {
      ctx.log.info('%s', line)
      if (lines.push(line) > mostLines) lines.shift()
    }
    try {
      const hooks = { log, progress: throttled((rows, message) => ctx.progress(0, message ?? `${rows} rows`)), signal: ctx.signal }
      return { result: await runPipeline(parseTask(ctx.prepared), hooks), lines }
    } catch (error) {
      if (!(error instanceof PipelineFailure)) throw error
      throw new JobError(error.message, { errors: error.lines, lines } satisfies PipelineFault)
    }
  },
})

/** The hub has made it a moment ago, in `pipeline-job.ts`. */
const parseTask = (prepared: unknown) => prepared as PipelineTask

type TellRows = (rows: number, message?: string) => void

/** Passes on one call in two seconds: each one becomes a write. */
function throttled(tell: TellRows): TellRows {
  let last = Date.now()
  return (rows, message) => {
    if (Date.now() - last < tellEveryMs) return
    last = Date.now()
    tell(rows, message)
  }
}

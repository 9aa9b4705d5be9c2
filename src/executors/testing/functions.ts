import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { defineJob, type JobContext } from '../../jobs/functions/define.ts'

// The programs of the contract as functions: `ContractPrograms` says what each does.

const define = (name: string, run: (ctx: JobContext) => unknown) => defineJob({ name, mode: 'async', run })

const writePid = (ctx: JobContext) => writeFileSync(String(ctx.data), `${process.pid}\n`)

export const doubles = define('doubles', (ctx) => Number(ctx.data) * 2)
export const returnsNothing = define('returns_nothing', () => undefined)
export const fails = define('fails', () => {
  throw new Error('serious exception')
})
export const logs = define('logs', (ctx) => {
  for (let at = 1; at <= Number(ctx.data); at++) ctx.log.info('line %d', at)
})
export const returnsText = define('returns_text', (ctx) => 'x'.repeat(Number(ctx.data)))
export const endsWhenAsked = define('ends_when_asked', async (ctx) => {
  writePid(ctx)
  if (!ctx.signal.aborted) await once(ctx.signal, 'abort')
})
export const neverEnds = define('never_ends', (ctx) => {
  writePid(ctx)
  for (;;);
})

import { defineJob, type JobContext, JobError, raw } from '../define.ts'

function requireText(data: unknown): string {
  if (typeof data !== 'string') throw new JobError('data has to be a string')
  return data
}

function run(ctx: JobContext): string {
  const text = requireText(ctx.data)
  if (text.startsWith('>')) throw new JobError('do not start message with >')
  if (text.startsWith('#')) throw new Error('serious exception')
  if (text.startsWith('&')) ctx.log.warn('just a warning')
  return `>${text}`
}

export const echo = defineJob({ name: 'echo', mode: 'sync', title: 'Sends a message back', run })

export const echoAsync = defineJob({ name: 'echo_async', mode: 'async', title: 'Sends a message back, some time later', run })

export const echoRaw = defineJob({
  name: 'echo_raw',
  mode: 'sync',
  title: 'Sends the characters of a message back in sorted order',
  run(ctx) {
    const text = requireText(ctx.data)
    if (text.startsWith('>')) throw new JobError('Do not start message with >')
    return raw([...text].sort((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0)).join(''))
  },
})

import { type FunctionOptions, functionSettings } from '../../job-types/function-settings.ts'
import { systemVersion } from '../../job-types/system.ts'
import { defaultRetry } from '../backoff.ts'
import type { RunnableType } from '../runnable-type.ts'
import { parseSchedule } from '../schedules/schedule.ts'

/** Makes a described function a type of job. `module` is the URL of the file that exports it, as the child process imports it. Throws for a bad schedule. */
export function functionType({ options }: { readonly options: FunctionOptions }, where: { module: string; exportName: string }): RunnableType {
  const { timeoutMs, concurrency, maxAttempts, priority } = functionSettings(options)
  return {
    ...systemVersion,
    name: options.name,
    title: options.title,
    kind: 'function',
    mode: options.mode,
    isPublic: true,
    pool: options.mode === 'sync' ? 'sync' : 'work',
    priority,
    timeoutMs,
    retry: { ...defaultRetry, maxAttempts },
    concurrency,
    schedule: parseSchedule(options),
    program: { kind: 'function', ...where },
  }
}

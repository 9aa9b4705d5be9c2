import type { JobDefinition } from '../functions/define.ts'
import { functionType } from '../functions/type.ts'
import type { RunnableType } from '../runnable-type.ts'
import { parseSchedule } from '../schedules/schedule.ts'
import * as functions from './functions.ts'

const module = new URL('./functions.ts', import.meta.url).href

/** Every function of `functions.ts` as a job type. */
export const testTypes: readonly RunnableType[] = Object.entries<JobDefinition>(functions).map(([exportName, definition]) =>
  functionType(definition, { module, exportName }),
)

/** One of them, with some of its facts changed. */
export function testType(name: string, changes: Partial<RunnableType> = {}): RunnableType {
  const type = testTypes.find((one) => one.name === name)
  if (!type) throw new Error(`no test function ${name}`)
  return { ...type, ...changes }
}

/** A type that is due every minute, for each way of dealing with missed runs. */
export const scheduledTypes: readonly RunnableType[] = (['skip', 'once', 'all'] as const).map((missedRuns) =>
  testType('double', { name: `scheduled_${missedRuns}`, schedule: parseSchedule({ name: missedRuns, schedule: 'every 1m', missedRuns }) }),
)

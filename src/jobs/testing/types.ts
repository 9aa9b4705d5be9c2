import type { JobDefinition } from '../define.ts'
import { functionType } from '../function-type.ts'
import type { JobType } from '../job-type.ts'
import * as functions from './functions.ts'

const module = new URL('./functions.ts', import.meta.url).href

/** Every function of `functions.ts` as a job type. */
export const testTypes: readonly JobType[] = Object.entries<JobDefinition>(functions).map(([exportName, definition]) =>
  functionType(definition, { module, exportName }),
)

/** One of them, with some of its facts changed. */
export function testType(name: string, changes: Partial<JobType> = {}): JobType {
  const type = testTypes.find((one) => one.name === name)
  if (!type) throw new Error(`no test function ${name}`)
  return { ...type, ...changes }
}

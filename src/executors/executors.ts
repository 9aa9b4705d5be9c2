import type { Executors } from '../jobs/executor.ts'
import { FunctionExecutor } from './function/executor.ts'

/** The executors of this hub: one line for each kind of program. They start nothing before their first attempt. */
export const makeExecutors = (): Executors => ({
  function: new FunctionExecutor(),
})

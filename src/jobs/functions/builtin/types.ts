import type { RunnableType } from '../../runnable-type.ts'
import { functionType } from '../type.ts'
import { echo, echoAsync, echoRaw } from './echo.ts'

const echoModule = new URL('./echo.ts', import.meta.url).href

/** The functions that ship with the hub. */
export const builtinTypes: readonly RunnableType[] = [
  functionType(echo, { module: echoModule, exportName: 'echo' }),
  functionType(echoAsync, { module: echoModule, exportName: 'echoAsync' }),
  functionType(echoRaw, { module: echoModule, exportName: 'echoRaw' }),
]

import { isJobDefinition } from '../../jobs/functions/define.ts'
import type { DescribedModule } from './job-modules.ts'
import { resolveOwnModule } from './own-module.ts'

// The program that looks at job modules: imports the files that it is called with, and sends what each exports.

/** What a definition says of itself; its function and schemas stay where they are. */
const described = (definition: { readonly options: object }) =>
  Object.fromEntries(Object.entries(definition.options).filter(([, value]) => typeof value !== 'function' && typeof value !== 'object'))

async function describe(file: string): Promise<DescribedModule> {
  try {
    const exported: [string, unknown][] = Object.entries(await import(file))
    const types = exported.flatMap(([exportName, value], at) => {
      const isFirst = exported.findIndex(([, other]) => other === value) === at
      return isJobDefinition(value) && isFirst ? [{ exportName, options: described(value) }] : []
    })
    return { file, types }
  } catch (error) {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    return { file, error: text.replaceAll(/\s+/g, ' ').slice(0, 1000) }
  }
}

const send = (module: DescribedModule) => new Promise((resolve) => process.send?.(module, resolve))

resolveOwnModule()
for (const file of process.argv.slice(2)) await send(await describe(file))
process.exit()

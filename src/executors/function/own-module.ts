import { registerHooks } from 'node:module'

/** Found at the hub when a folder of job modules has none of its own. */
const shared = /^typebox(?:\/|$)/

/**
 * From here on `millrace/jobs` means this very hub's module, wherever the file that imports it lies, so that a folder of job
 * modules needs no packages. TypeBox is lent to it, too.
 */
export function resolveOwnModule(): void {
  const url = new URL('../../jobs/functions/public.ts', import.meta.url).href
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'millrace/jobs') return { url, shortCircuit: true }
      if (!shared.test(specifier)) return next(specifier, context)
      try {
        return next(specifier, context)
      } catch {
        return next(specifier, { ...context, parentURL: url })
      }
    },
  })
}

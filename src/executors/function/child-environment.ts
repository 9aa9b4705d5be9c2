import { getCompileCacheDir } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const passed = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'NODE_EXTRA_CA_CERTS', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']

/** A folder of job modules needs no package.json; Node would advise one. */
export const childFlags = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON']

/** What functions see of the hub's environment: nothing that is a setting or a secret. */
export function cleanEnvironment(): Record<string, string> {
  // biome-ignore lint/style/noProcessEnv: not a setting of the hub; the child gets these few as they are
  const own = process.env
  const kept = Object.fromEntries(passed.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]])))
  // Starts a child in less than half the time.
  return { ...kept, NODE_COMPILE_CACHE: getCompileCacheDir() ?? join(tmpdir(), 'node-compile-cache') }
}

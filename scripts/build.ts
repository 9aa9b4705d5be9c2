// npm run build: the packages as they are published, in dist/. Nothing else needs it.
import { join } from 'node:path'
import { buildPackages } from './package-files.ts'
import { root } from './test-files.ts'

try {
  buildPackages(join(root, 'dist'))
  console.log('dist/millrace and dist/client are ready to be published')
} catch (error) {
  console.error(`npm run build: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}

// npm run files [-- FOLDER [PORT]]: serves a folder on loopback; without a folder the sample data that came with npm ci.
import { join } from 'node:path'
import { serveFolder } from './file-server.ts'
import { root } from './test-files.ts'

const [folder = join(root, 'node_modules/vega-datasets/data'), port = '8000'] = process.argv.slice(2)
try {
  const { url } = await serveFolder(folder, Number(port))
  console.log(`Serving the files of ${folder} at ${url}`)
} catch (error) {
  console.error(`npm run files: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}

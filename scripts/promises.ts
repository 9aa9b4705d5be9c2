// npm run promises: writes docs/reference/promises.md from the documents beside the repository and the marks of the last npm test.
// With --check it only says which promises of the documents the page lacks, and exits 1.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { missingPromises, pagePath, readPromises, renderPage } from './promises/page.ts'
import { root } from './test-files.ts'

const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
if (options.check) {
  const missing = missingPromises()
  if (missing.length > 0) {
    console.log(`${pagePath} lacks ${missing.length} promises; run npm test and npm run promises:\n${missing.join('\n')}`)
    process.exitCode = 1
  }
} else {
  const promises = readPromises()
  if (!promises) throw new Error('the documents are not beside the repository: ../shared/seeds')
  await writeFile(join(root, pagePath), renderPage(promises))
}

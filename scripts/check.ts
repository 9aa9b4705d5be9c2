// npm run check: all checks of the source that need no database.
import { spawn } from 'node:child_process'
import { root } from './test-files.ts'

interface Check {
  readonly name: string
  readonly file: string
  readonly args: readonly string[]
}

/** Each runs with the Node that runs this script, so that none depends on the system's installation. */
const checks: readonly Check[] = [
  { name: 'types', file: 'node_modules/typescript/bin/tsc', args: ['--noEmit'] },
  {
    name: 'lint, format, arrows',
    file: 'node_modules/@biomejs/biome/bin/biome',
    args: ['check', '--error-on-warnings', '--max-diagnostics=50', '.'],
  },
  { name: 'unused code', file: 'node_modules/knip/bin/knip.js', args: ['--no-progress', '--treat-config-hints-as-errors'] },
  { name: 'generated files', file: 'scripts/generate.ts', args: ['--check'] },
  { name: 'promises', file: 'scripts/promises.ts', args: ['--check'] },
  { name: 'docs', file: 'test/docs.test.ts', args: [] },
  { name: 'house', file: 'test/house.test.ts', args: [] },
]

function runCheck({ name, file, args }: Check): Promise<boolean> {
  const started = performance.now()
  const child = spawn(process.execPath, [file, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const output: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => output.push(part))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(5)
      console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${seconds} s  ${name}`)
      if (code !== 0) console.log(Buffer.concat(output).toString().trimEnd())
      resolve(code === 0)
    })
  })
}

const results = await Promise.all(checks.map(runCheck))
process.exitCode = results.every(Boolean) ? 0 : 1

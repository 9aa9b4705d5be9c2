import { buildManifest } from '../../../test/job-types.ts'
import { defaultConfiguration } from '../../job-types/configuration.ts'
import type { FunctionProgram, ProcessProgram } from '../../jobs/executor.ts'
import { FunctionExecutor } from '../function/executor.ts'
import { testContract } from './contract.ts'
import { ShellExecutor } from './shell-executor.ts'

const exported = (exportName: string): FunctionProgram => ({ kind: 'function', module: new URL('./functions.ts', import.meta.url).href, exportName })

testContract({
  name: 'function',
  make: () => new FunctionExecutor({ graceMs: () => 200, killAfterMs: 200, memoryMb: 64 }),
  programs: {
    doubles: exported('doubles'),
    returnsNothing: exported('returnsNothing'),
    fails: exported('fails'),
    logs: exported('logs'),
    returnsText: exported('returnsText'),
    endsWhenAsked: exported('endsWhenAsked'),
    neverEnds: exported('neverEnds'),
    missing: exported('missing'),
  },
})

const command = (text: string): ProcessProgram => ({
  kind: 'process',
  command: text,
  manifest: buildManifest(),
  configuration: defaultConfiguration,
})
const writePid = 'echo $$ > "$(tr -d \'"\')"'

testContract({
  name: 'shell',
  make: () => new ShellExecutor(),
  programs: {
    doubles: command('read -r number; echo $((number * 2))'),
    returnsNothing: command('true'),
    fails: command('echo "serious exception" >&2; exit 3'),
    logs: command('read -r count; for at in $(seq "$count"); do echo "line $at" >&2; done'),
    returnsText: command('read -r count; printf \'"\'; head -c "$count" /dev/zero | tr "\\0" x; printf \'"\''),
    endsWhenAsked: command(`${writePid}; sleep 600 & wait`),
    neverEnds: command(`trap "" TERM; ${writePid}; while :; do sleep 1; done`),
    missing: command('no-such-command-of-this-machine'),
  },
})

import { createInterface } from 'node:readline'
import { type Readable, Writable } from 'node:stream'
import { UsageError } from './usage.ts'

/** Where a password comes from, and where questions are shown. */
export interface PasswordSource {
  readonly input: Readable & { readonly isTTY?: boolean }
  readonly output: Writable
}

const maxBytes = 10_000

/**
 * A new password: on a terminal it is asked for twice and not shown, otherwise it is the first line of the input. It never comes as an argument,
 * which other users of the machine could read. Throws a `UsageError` when none comes, or two that differ.
 */
export async function readNewPassword({ input, output }: PasswordSource): Promise<string> {
  if (!input.isTTY) return firstLine(input)
  const [password, again] = await askHidden({ input, output }, ['New password: ', 'The same again: '])
  if (password !== again) throw new UsageError('the two passwords are not the same; nothing was changed')
  return password ?? ''
}

async function firstLine(input: Readable): Promise<string> {
  let bytes = Buffer.alloc(0)
  for await (const chunk of input) {
    bytes = Buffer.concat([bytes, Buffer.from(chunk)])
    if (bytes.includes('\n') || bytes.length > maxBytes) break
  }
  const line = bytes.toString('utf8').split(/\r?\n/, 1)[0] ?? ''
  if (line === '') throw new UsageError('no password came: its first line is read from standard input, or it is asked for on a terminal')
  return line
}

/** Asks on a terminal; what is typed is not shown. */
async function askHidden({ input, output }: PasswordSource, questions: readonly string[]): Promise<string[]> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input, output: nowhere, terminal: true })
  const lines = reader[Symbol.asyncIterator]()
  try {
    const answers: string[] = []
    for (const question of questions) {
      output.write(question)
      const { value, done } = await lines.next()
      output.write('\n')
      if (done) throw new UsageError('no password was given; nothing was changed')
      answers.push(value)
    }
    return answers
  } finally {
    reader.close()
  }
}

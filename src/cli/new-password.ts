import { createInterface } from 'node:readline'
import { type Readable, Writable } from 'node:stream'
import { UsageError } from './usage.ts'

/** The input that a password is read from, and the output for prompts. */
export interface PasswordSource {
  readonly input: Readable & { readonly isTTY?: boolean }
  readonly output: Writable
}

const maxBytes = 10_000

/**
 * Reads a new password: on a terminal it prompts twice without echo, otherwise it reads the first line of the input. A password is never an argument,
 * which other users of the machine could read. Throws a `UsageError` when the password is missing, or when the two differ.
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
  if (line === '')
    throw new UsageError('no password was given: write it to standard input as the first line, or run the command on a terminal, which asks for it')
  return line
}

/** Prompts on a terminal without echo. */
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

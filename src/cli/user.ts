import { passwordFault } from '../auth/password.ts'
import { addUser, createResetKey, endSessionsOf, replaceKey, setPassword } from '../auth/user.ts'
import { listAccounts } from '../auth/user-store.ts'
import { DomainError } from '../base/errors.ts'
import { parseConfig } from '../config.ts'
import { type OpenData, openData } from '../start.ts'
import { makeLog } from './log.ts'
import { readNewPassword } from './new-password.ts'
import { readOptions } from './options.ts'
import { type Command, UsageError } from './usage.ts'

interface Values {
  readonly sysadmin?: boolean
  readonly 'no-password'?: boolean
}

interface Task {
  /** Options that it takes. */
  readonly options: readonly (keyof Values)[]
  readonly takesName: boolean
  asksPassword(values: Values): boolean
  run(data: OpenData & { clock: () => number }, name: string, values: Values & { readonly password?: string }): Promise<string>
}

const tasks: Readonly<Record<string, Task>> = {
  list: {
    options: [],
    takesName: false,
    asksPassword: () => false,
    /** One line for each account: name, role, state. */
    async run({ store }) {
      const users = await listAccounts(store.db)
      return users.map((user) => [user.name, user.isSysadmin ? 'sysadmin' : 'user', user.state].join('\t')).join('\n')
    },
  },
  add: {
    options: ['sysadmin', 'no-password'],
    takesName: true,
    asksPassword: (values) => !values['no-password'],
    async run(data, name, { password, sysadmin }) {
      const { apiKey } = await addUser(data, { name, ...(password !== undefined && { password }), ...(sysadmin && { sysadmin }) })
      return `User ${name} was made. API key, shown once: ${apiKey}`
    },
  },
  key: {
    options: [],
    takesName: true,
    asksPassword: () => false,
    run: async (data, name) => `New API key of ${name}, shown once: ${await replaceKey(data, name)}`,
  },
  password: {
    options: [],
    takesName: true,
    asksPassword: () => true,
    async run(data, name, { password = '' }) {
      await setPassword(data, name, password)
      return `The password of ${name} was changed, and all sessions of ${name} have ended.`
    },
  },
  reset: {
    options: [],
    takesName: true,
    asksPassword: () => false,
    async run(data, name) {
      const { resetKey, expiresAt } = await createResetKey(data, name)
      await endSessionsOf(data, name)
      return `Reset key of ${name}, good once until ${new Date(expiresAt).toISOString()}: ${resetKey}`
    },
  },
}

const options = { sysadmin: { type: 'boolean' }, 'no-password': { type: 'boolean' }, password: { type: 'string' } } as const

/** Parses the words; throws a `UsageError` for invalid ones. */
function parseWords(words: readonly string[]): { task: Task; name: string; values: Values } {
  const { values, positionals } = readOptions(words, options)
  const { password, ...rest } = values
  if (password !== undefined)
    throw new UsageError(
      '--password is not an option, since other users could read it: write the password to standard input, or run the command on a terminal, which asks for it',
    )
  const [what, name = '', ...surplus] = positionals
  const task = what !== undefined && Object.hasOwn(tasks, what) ? tasks[what] : undefined
  if (!task || task.takesName !== (name !== '') || surplus.length > 0)
    throw new UsageError('give list, or one of add, key, password and reset with the name of a user')
  const strange = Object.keys(rest).find((option) => !task.options.some((one) => one === option))
  if (strange) throw new UsageError(`user ${what} has no option --${strange}`)
  if (what === 'add' && !/^[A-Za-z0-9_-]{3,255}$/.test(name))
    throw new UsageError(`a user name has 3 to 255 of A-Z, a-z, 0-9, _ and -, got ${JSON.stringify(name)}`)
  return { task, name, values: rest }
}

const details = `  list           every user: name, user or sysadmin, state
  add NAME       makes a user and shows the API key; --sysadmin: one who may do anything; --no-password: without login by password
  key NAME       makes a new API key and shows it; the old one no longer works
  password NAME  sets another password and ends all sessions of the user
  reset NAME     shows a key that sets a new password once, within an hour, and ends all sessions of the user

add and password ask for the password on a terminal; otherwise they read it from the first line of standard input.
It has at least 8 characters.`

/** `millrace user`: accounts without the web. */
export const userCommand: Command = {
  usage: 'user list | user add|key|password|reset NAME [--sysadmin] [--no-password]',
  help: 'lists the users; makes a user, a new API key; sets a password, makes a key to reset it',
  details: () => details,
  async run(words) {
    const { task, name, values } = parseWords(words)
    const password = task.asksPassword(values) ? await readNewPassword({ input: process.stdin, output: process.stderr }) : undefined
    const fault = password === undefined ? undefined : passwordFault(password)
    if (fault !== undefined) throw new UsageError(`password: ${fault}`)
    const config = parseConfig(process.env)
    const data = await openData(config, await makeLog(config))
    try {
      console.log(await task.run({ ...data, clock: Date.now }, name, { ...values, ...(password !== undefined && { password }) }))
    } catch (error) {
      throw error instanceof DomainError
        ? new UsageError(
            Object.values(error.fields ?? {})
              .flat()
              .join('; ') || error.message,
          )
        : error
    } finally {
      await data.store.close()
    }
  },
}

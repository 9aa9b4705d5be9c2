import { addUser, createResetKey, replaceKey } from '../auth/user.ts'
import { listAccounts } from '../auth/user-store.ts'
import { parseConfig } from '../config.ts'
import { DomainError } from '../errors.ts'
import { type OpenData, openData } from '../start.ts'
import { makeLog } from './log.ts'
import { readOptions } from './options.ts'
import { type Command, UsageError } from './usage.ts'

type Task = (data: OpenData & { clock: () => number }, name: string, values: { password?: string; sysadmin?: boolean }) => Promise<string>

/** One line for each account: name, role, state. */
async function listAll({ store }: OpenData): Promise<string> {
  const users = await listAccounts(store.db)
  return users.map(({ name, isSysadmin, state }) => [name, isSysadmin ? 'sysadmin' : 'user', state].join('\t')).join('\n')
}

const tasks: Readonly<Record<string, Task>> = {
  async add(data, name, values) {
    if (!/^[A-Za-z0-9_-]{3,255}$/.test(name)) throw new UsageError(`a user name has 3 to 255 of A-Z, a-z, 0-9, _ and -, got ${JSON.stringify(name)}`)
    const { apiKey } = await addUser(data, { name, ...values })
    return `User ${name} was made. API key, shown once: ${apiKey}`
  },
  async key(data, name) {
    return `New API key of ${name}, shown once: ${await replaceKey(data, name)}`
  },
  async reset(data, name) {
    const { resetKey, expiresAt } = await createResetKey(data, name)
    return `Reset key of ${name}, good once until ${new Date(expiresAt).toISOString()}: ${resetKey}`
  },
}

/** `millrace user`: accounts without the web. */
export const userCommand: Command = {
  usage: 'user list | user add|key|reset NAME [--password TEXT] [--sysadmin]',
  help: 'lists the users; makes a user, a new API key, a key to reset the password',
  async run(words) {
    const { values, positionals } = readOptions(words, { password: { type: 'string' }, sysadmin: { type: 'boolean' } })
    const [what, name, ...surplus] = positionals
    const task = what !== undefined && Object.hasOwn(tasks, what) ? tasks[what] : undefined
    const isList = what === 'list' && name === undefined
    if (!isList && (!task || !name || surplus.length > 0)) throw new UsageError('wanted list, or one of add, key, reset and the name of a user')
    const config = parseConfig(process.env)
    const data = await openData(config, await makeLog(config))
    try {
      console.log(task && name !== undefined ? await task({ ...data, clock: Date.now }, name, values) : await listAll(data))
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

import { randomBytes } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** The machine, or the container: process ids mean something only inside of it. */
function ownHost(): string {
  try {
    return `${hostname()}/${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    // Not Linux: there are no process id namespaces.
    return `${hostname()}/-`
  }
}

/** A name for what this process claims, new at each start: a restart finds its old claims ownerless. */
export const makeOwner = () => `${ownHost()}/${process.pid}/${randomBytes(6).toString('hex')}`

/** Whether an owner is a process of this machine that does not run any more. False when that cannot be told. */
export function isDead(owner: string): boolean {
  const prefix = `${ownHost()}/`
  const pid = Number(owner.startsWith(prefix) ? owner.slice(prefix.length).split('/', 1)[0] : Number.NaN)
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

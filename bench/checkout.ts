import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const root = dirname(import.meta.dirname)
const run = promisify(execFile)

/** A commit in a folder of its own, with its own packages installed. */
export interface Checkout {
  readonly folder: string
  /** The first digits of its hash, and its subject. */
  readonly title: string
  remove(): Promise<void>
}

/** Checks out a commit of this repository beside the working tree. Throws when git does not know it, or its packages cannot be installed. */
export async function checkOut(commit: string): Promise<Checkout> {
  const { stdout: title } = await run('git', ['show', '--no-patch', '--format=%h %s', `${commit}^{commit}`], { cwd: root })
  const parent = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  const folder = join(parent, 'checkout')
  const remove = async () => {
    await run('git', ['worktree', 'remove', '--force', folder], { cwd: root })
    await rm(parent, { recursive: true })
  }
  await run('git', ['worktree', 'add', '--detach', folder, commit], { cwd: root })
  try {
    await run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder })
  } catch (error) {
    await remove()
    throw error
  }
  return { folder, title: title.trim(), remove }
}

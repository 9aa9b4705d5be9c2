import { sendRequest } from '../../base/outgoing.ts'
import type { OutgoingPolicy } from '../../base/outgoing-policy.ts'
import { defineJob } from '../../jobs/functions/define.ts'

/** One address to check. */
export interface Link {
  readonly resource_id: string
  readonly name: string | null
  readonly url: string
  /** Set for addresses of the hub itself, which it looks up in its store. */
  readonly isThere?: boolean
}

/** The links that the hub prepares for the child process. */
export interface LinkTask {
  readonly dataset: string
  readonly policy: OutgoingPolicy
  readonly links: readonly Link[]
}

interface CheckedLink extends Omit<Link, 'isThere'> {
  readonly ok: boolean
  /** Null if the server did not answer. */
  readonly status: number | null
  readonly method: 'HEAD' | 'GET' | null
  /** The final URL, if there were redirects. */
  readonly final_url: string | null
  /** Time until the answer, in milliseconds. */
  readonly ms: number
  readonly error: string | null
}

const atOnce = 8
const timeoutMs = 20_000

/** Checks whether every address of a dataset's resources answers. */
export const checkLinks = defineJob({
  name: 'check_links',
  mode: 'async',
  title: "Checks the links of a dataset's resources",
  input: { type: 'object', properties: { id: { type: 'string', minLength: 1 } }, required: ['id'] } as object,
  async run(ctx) {
    const { dataset, policy, links } = parseTask(ctx.prepared)
    const checked = new Array<CheckedLink>(links.length)
    const left = [...links.entries()]
    let done = 0
    const work = async () => {
      for (let next = left.shift(); next; next = left.shift()) {
        const [at, link] = next
        const result = await check(policy, link, ctx.signal)
        checked[at] = result
        ctx.progress(++done / links.length, `${done} of ${links.length} links`)
        if (!result.ok) ctx.log.warn('%s: %s', link.url, result.error ?? `status ${result.status}`)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, work))
    return { dataset, checked: checked.length, broken: checked.filter((link) => !link.ok).length, links: checked }
  },
})

/** Built by the hub in `types.ts`, so its form is known. */
const parseTask = (prepared: unknown) => prepared as LinkTask

/** Many servers answer HEAD differently from GET, so a failed HEAD is repeated as GET. */
async function check(policy: OutgoingPolicy, { isThere, ...link }: Link, signal: AbortSignal): Promise<CheckedLink> {
  const nothing = { ...link, status: null, method: null, final_url: null, ms: 0 }
  if (isThere !== undefined) return { ...nothing, ok: isThere, error: isThere ? null : 'the hub has no such file' }
  const head = await ask(policy, { link, method: 'HEAD', signal })
  return head.ok ? head : ask(policy, { link, method: 'GET', signal })
}

async function ask(
  policy: OutgoingPolicy,
  asked: { link: Omit<Link, 'isThere'>; method: 'HEAD' | 'GET'; signal: AbortSignal },
): Promise<CheckedLink> {
  const { link, method, signal } = asked
  const startedAt = performance.now()
  const ms = () => Math.round(performance.now() - startedAt)
  try {
    const { status, url, discard } = await sendRequest(policy, link.url, { method, signal, timeoutMs })
    discard()
    return { ...link, ok: status >= 200 && status < 300, status, method, final_url: url === link.url ? null : url, ms: ms(), error: null }
  } catch (error) {
    if (signal.aborted) throw error
    return { ...link, ok: false, status: null, method, final_url: null, ms: ms(), error: (error as Error).message }
  }
}

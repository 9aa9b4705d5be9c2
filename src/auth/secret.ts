import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto'

const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

/** Keeps what must be readable again (API keys, secret settings, private keys) and recognizes what must not (tokens). */
export interface Vault {
  /** Encrypts a text for the database; the same text gives another result each time. */
  seal(text: string): string
  /** The text again. Throws when it was sealed with another secret or altered. */
  open(sealed: string): string
  /** The same 64 hex digits for the same text, useless without the secret: for look-ups by key. */
  digest(text: string): string
  /** Tells hubs apart that were given different secrets, without telling the secret. */
  readonly fingerprint: string
}

/** The vault of the hub's own secret (`MILLRACE_SECRET`). Different uses get different keys, derived from it. */
export function openVault(secret: string): Vault {
  // As bytes it would be made a key object at each call, which takes six times as long as the rest.
  const key = (use: string) => createSecretKey(Buffer.from(hkdfSync('sha256', secret, 'millrace', use, 32)))
  const [sealing, digesting] = [key('seal'), key('digest')]
  let random = Buffer.alloc(0)
  /** Random bytes are cheap by the page and dear by the dozen. */
  const takeNonce = () => {
    if (random.length < nonceBytes) random = randomBytes(256 * nonceBytes)
    const nonce = random.subarray(0, nonceBytes)
    random = random.subarray(nonceBytes)
    return nonce
  }
  const digest = (text: string) => createHmac('sha256', digesting).update(text).digest('hex')
  return {
    seal(text) {
      const nonce = takeNonce()
      const cipher = createCipheriv(algorithm, sealing, nonce)
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64')
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, 'base64')
      const decipher = createDecipheriv(algorithm, sealing, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
      decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
      return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8')
    },
    digest,
    fingerprint: digest('fingerprint').slice(0, 32),
  }
}

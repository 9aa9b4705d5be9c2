import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto'

const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

/** Encrypts texts that must be readable again (API keys, secret settings, private keys) and makes digests of those that need not be (tokens). */
export interface Vault {
  /** Encrypts a text for the database; equal texts give different results. */
  seal(text: string): string
  /** Decrypts a sealed text. Throws when it was sealed with another secret or changed. */
  open(sealed: string): string
  /** A keyed digest of a text (64 hex digits), for lookups. It is useless without the secret. */
  digest(text: string): string
  /** A value that differs between hubs with different secrets, and does not reveal the secret. */
  readonly fingerprint: string
}

/** The vault of the hub's own secret (`MILLRACE_SECRET`). Each use has its own key, derived from it. */
export function openVault(secret: string): Vault {
  // A key object: from bytes Node would make one at each call, which takes six times as long as the rest.
  const key = (use: string) => createSecretKey(Buffer.from(hkdfSync('sha256', secret, 'millrace', use, 32)))
  const [sealing, digesting] = [key('seal'), key('digest')]
  let random = Buffer.alloc(0)
  /** Random bytes are read in large blocks, which costs less than many small reads. */
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

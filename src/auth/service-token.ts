import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { fetchWith, OutgoingError } from '../base/outgoing.ts'
import { outgoingPolicy } from '../base/outgoing-policy.ts'
import type { Context } from '../context.ts'
import { ensureSetting, findSetting } from '../store/settings.ts'
import type { Store } from '../store/store.ts'

/** The claims of a token. */
export interface TokenClaims {
  readonly userId: string
  /** Name of the service that it is for; empty for a token of the user. */
  readonly service: string
  readonly permissions: Readonly<Record<string, unknown>>
}

type KeyContext = Pick<Context, 'store' | 'vault' | 'config' | 'clock' | 'log'>

interface KeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const algorithm = 'RS256'
const settingName = 'token_key'
const lifetimeSeconds = 24 * 3600

/** The keys of a hub never change while it runs. */
const ownPairs = new WeakMap<Store, Promise<KeyPair>>()

/** Signs a token that is valid for a day. */
export async function issueToken(ctx: KeyContext, claims: TokenClaims): Promise<string> {
  const { privateKey } = await ownKeys(ctx)
  const now = Math.floor(ctx.clock() / 1000)
  return new SignJWT({ userid: claims.userId, permissions: claims.permissions, service: claims.service })
    .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
    .setIssuedAt(now)
    .setExpirationTime(now + lifetimeSeconds)
    .sign(privateKey)
}

/** The hub's public key as PEM text. */
export async function publicKeyText(ctx: KeyContext): Promise<string> {
  const { publicKey } = await ownKeys(ctx)
  return publicKey.export({ type: 'spki', format: 'pem' }).toString()
}

/** The claims of a valid token: signed with RS256 by the hub or by its `AUTH_SERVER`, and within its time. */
export async function verifyToken(ctx: KeyContext, token: string): Promise<TokenClaims | undefined> {
  const payload = ctx.config.authServer === undefined ? await verifyOwn(ctx, token) : await verifyForeign(ctx, token, ctx.config.authServer)
  const { userid, service, permissions } = payload ?? {}
  if (typeof userid !== 'string' || userid === '') return undefined
  if (service !== undefined && service !== null && typeof service !== 'string') return undefined
  if (typeof permissions !== 'object' || permissions === null || Array.isArray(permissions)) return undefined
  return { userId: userid, service: service ?? '', permissions: { ...permissions } }
}

async function verifyOwn(ctx: KeyContext, token: string): Promise<JWTPayload | undefined> {
  const { publicKey } = await ownKeys(ctx)
  const verified = await verifyWith(ctx, token, publicKey)
  // The hub's own tokens always expire; some of other servers do not.
  return typeof verified === 'object' && verified.exp !== undefined ? verified : undefined
}

/** The payload, or which of two faults the token has: only a bad signature may mean that the keys were replaced. */
async function verifyWith(ctx: KeyContext, token: string, key: KeyObject): Promise<JWTPayload | 'bad signature' | 'bad token'> {
  try {
    const { payload } = await jwtVerify(token, key, { algorithms: [algorithm], currentDate: new Date(ctx.clock()) })
    return payload
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) return 'bad signature'
    if (error instanceof errors.JOSEError || error instanceof TypeError) return 'bad token'
    throw error
  }
}

function ownKeys(ctx: KeyContext): Promise<KeyPair> {
  const known = ownPairs.get(ctx.store)
  if (known) return known
  const found = loadKeys(ctx)
  ownPairs.set(ctx.store, found)
  found.catch(() => ownPairs.delete(ctx.store))
  return found
}

/** Settings may hold line ends as `\n`, since some sources of settings have single-line values only. */
const pem = (text: string) => text.replaceAll('\\n', '\n')

async function loadKeys(ctx: KeyContext): Promise<KeyPair> {
  const { privateKey, publicKey } = ctx.config
  const text = privateKey === undefined ? ctx.vault.open(await storedKey(ctx)) : pem(privateKey)
  const own = createPrivateKey(text)
  return { privateKey: own, publicKey: publicKey === undefined ? createPublicKey(own) : createPublicKey(pem(publicKey)) }
}

/** The sealed private key; the first process on a new database creates it. */
async function storedKey({ store, vault }: KeyContext): Promise<string> {
  const known = await findSetting(store, settingName)
  if (known !== undefined) return known
  const made = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return ensureSetting(store, settingName, vault.seal(made.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()))
}

/** Milliseconds until the server may be asked again: after a signature that does not verify, and after an answer without a key. */
const refetchMs = 60_000
const retryMs = 5000

interface ForeignKey {
  readonly key: Promise<KeyObject | undefined>
  readonly askedAt: number
}

const foreignKeys = new Map<string, ForeignKey>()

/** Verifies by the key of an external server. It is requested when first needed, and again, at most once a minute, when a signature does not verify. */
async function verifyForeign(ctx: KeyContext, token: string, server: string): Promise<JWTPayload | undefined> {
  const key = await foreignKey(ctx, server, undefined)
  if (!key) return undefined
  const first = await verifyWith(ctx, token, key)
  if (first !== 'bad signature') return typeof first === 'object' ? first : undefined
  const newer = await foreignKey(ctx, server, key)
  if (!newer || newer === key) return undefined
  const second = await verifyWith(ctx, token, newer)
  return typeof second === 'object' ? second : undefined
}

/** The server's key; if the server has replaced `doubted`, the new one. */
async function foreignKey(ctx: KeyContext, server: string, doubted: KeyObject | undefined): Promise<KeyObject | undefined> {
  const known = foreignKeys.get(server)
  const key = await known?.key
  const newest = foreignKeys.get(server)
  if (newest !== known) return newest?.key
  if (known && key && key !== doubted) return key
  if (known && ctx.clock() - known.askedAt < (key ? refetchMs : retryMs)) return key
  const asked = fetchKey(ctx, server).then((found) => found ?? key)
  foreignKeys.set(server, { key: asked, askedAt: ctx.clock() })
  return asked
}

/** Undefined when the server does not answer with a key; the reason is logged. */
async function fetchKey(ctx: KeyContext, server: string): Promise<KeyObject | undefined> {
  const base = /^https?:\/\//.test(server) ? server : `http://${server}`
  const url = `${base.replace(/\/+$/, '')}/auth/public-key`
  try {
    const text = await fetchWith({ policy: outgoingPolicy(ctx.config), url, maxBytes: 65_536, timeoutMs: 10_000, waits: [] }, async ({ body }) => {
      const chunks = await Array.fromAsync(body)
      return Buffer.concat(chunks).toString()
    })
    return createPublicKey(text)
  } catch (error) {
    // For a text that is not a key, OpenSSL throws an error with a code of its own.
    if (!(error instanceof OutgoingError) && !(error as NodeJS.ErrnoException).code) throw error
    ctx.log.error({ err: error, url }, 'could not read the public key of AUTH_SERVER; check that it answers with a PEM key')
    return undefined
  }
}

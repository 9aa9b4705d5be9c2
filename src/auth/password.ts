import { argon2, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { unavailable } from '../base/errors.ts'

const derive = promisify(argon2)
const deriveOld = promisify(pbkdf2)
const cost = { parallelism: 1, tagLength: 32, memory: 19_456, passes: 2 }
/** Each computation occupies one of libuv's four threads for at least 50 ms; file reads need the others. */
const atOnce = 2
/** More waiting checks would take longer than a few seconds, so they are refused. */
const maxWaiting = 64

let running = 0
const waiting: (() => void)[] = []

/** Runs a computation when a thread is free. Throws `unavailable` when too many wait already. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running < atOnce) running++
  else if (waiting.length >= maxWaiting) throw unavailable('too many passwords are being checked now; try again in a few seconds')
  else await new Promise<void>((resolve) => waiting.push(resolve))
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    // The next one takes the slot.
    if (next) next()
    else running--
  }
}

const minLength = 8
/** The time of hashing grows with the length of the text, so the length is limited. */
const maxLength = 1000

/** What is wrong with a new password; undefined for a valid one. Passwords that were set under other rules stay valid. */
export function passwordFault(password: string): string | undefined {
  if (password.length > maxLength) return `Must not be longer than ${maxLength} characters`
  if ([...password].length < minLength) return `Must be at least ${minLength} characters long`
  return undefined
}

const compute = (password: string, nonce: Buffer, use = cost) => inTurn(() => derive('argon2id', { message: password, nonce, ...use }))

/** The text to store for a password: argon2id in its standard notation (`$argon2id$v=19$m=…,t=…,p=…$salt$hash`). */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16)
  const hash = await compute(password, nonce)
  const base64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${base64(nonce)}$${base64(hash)}`
}

const argonNotation = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/
/** CKAN's notation: rounds, salt and hash, with `.` instead of `+` in base64. */
const oldNotation = /^\$pbkdf2-sha512\$(\d{1,7})\$([A-Za-z0-9./]{11,86})\$([A-Za-z0-9./]{86})$/
/** Limits for the cost of a stored hash: above them one check could block the server for long. */
const maxMemoryKiB = 262_144
const maxPasses = 10
const maxRounds = 1_000_000

/** Whether `verifyPassword` supports a stored text: a hash of this hub or of another catalogue. */
export function isPasswordHash(text: string): boolean {
  const [, memory, passes, parallelism] = (argonNotation.exec(text) ?? []).map(Number) as (number | undefined)[]
  if (memory && passes && parallelism) return memory >= 8 * parallelism && memory <= maxMemoryKiB && passes <= maxPasses && parallelism <= 16
  const rounds = Number(oldNotation.exec(text)?.[1] ?? 0)
  return rounds > 0 && rounds <= maxRounds
}

/** Whether a stored hash comes from another catalogue. It is replaced at the next login. */
export const isForeignHash = (stored: string) => oldNotation.test(stored)

async function verifyOld(password: string, [, rounds = '', salt = '', hash = '']: readonly string[]): Promise<boolean> {
  const bytes = (text: string) => Buffer.from(text.replaceAll('.', '+'), 'base64')
  const wanted = bytes(hash)
  const found = await inTurn(() => deriveOld(password, bytes(salt), Number(rounds), wanted.length, 'sha512'))
  return timingSafeEqual(found, wanted)
}

/** Whether the password matches the stored hash; a mismatch takes as long as a match. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const old = oldNotation.exec(stored)
  if (old) return verifyOld(password, old)
  const parts = argonNotation.exec(stored)
  if (!parts) return false
  const [memory, passes, parallelism] = parts.slice(1, 4).map(Number) as [number, number, number]
  const wanted = Buffer.from(parts[5] as string, 'base64')
  const found = await compute(password, Buffer.from(parts[4] as string, 'base64'), { memory, passes, parallelism, tagLength: wanted.length })
  return timingSafeEqual(found, wanted)
}

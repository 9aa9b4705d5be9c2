import type { ErrorClass, JobFailure } from './job.ts'

/** When a failed attempt is followed by another one. */
export interface RetryPolicy {
  /** Tries in all; 1 for what must not run twice. */
  readonly maxAttempts: number
  /** Lost workers in a row after which the job is taken for their killer. */
  readonly maxLostLeases: number
  /** Which failures are worth another try. */
  readonly classes: readonly ErrorClass[]
  readonly baseMs: number
  readonly factor: number
  readonly capMs: number
}

export const defaultRetry: RetryPolicy = { maxAttempts: 3, maxLostLeases: 2, classes: ['system'], baseMs: 1000, factor: 4, capMs: 300_000 }

/** Milliseconds to wait after attempt number `attempt` (from 1) has failed; between half and all of the growing delay. */
export function backoffMs(policy: RetryPolicy, attempt: number, random: () => number = Math.random): number {
  const delay = Math.min(policy.capMs, policy.baseMs * policy.factor ** (attempt - 1))
  return Math.round(delay * (0.5 + random() / 2))
}

/** Whether a failed attempt gets another one. */
export function isRetried(policy: RetryPolicy, failure: JobFailure, tries: { attempts: number; maxAttempts: number }): boolean {
  return tries.attempts < tries.maxAttempts && policy.classes.includes(failure.class)
}

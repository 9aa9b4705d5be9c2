import type { ErrorCode, FieldErrors } from '../../../base/errors.ts'
import type { Actor } from '../../../context.ts'
import type { DatabasePlace } from '../../../store/snapshots.ts'
import type { SearchAnswer, SearchRequest } from '../search.ts'

/** What the thread is started with. */
export interface ThreadData {
  readonly place: DatabasePlace
}

export type ToThread =
  | { readonly kind: 'search'; readonly id: number; readonly actor: Actor; readonly request: SearchRequest }
  | { readonly kind: 'close' }

export type FromThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: SearchAnswer }
  /** The search is at fault, or takes too long. */
  | { readonly kind: 'refused'; readonly id: number; readonly code: ErrorCode; readonly message: string; readonly fields: FieldErrors | undefined }
  /** The thread is at fault. */
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }

import type { StagedFile } from '../../store/files/file-store.ts'
import { siteMark } from '../site-mark.ts'

/** A file that came with a call: received, but not in the file store yet. */
export interface Upload {
  readonly file: StagedFile
  /** As the client named it. */
  readonly fileName: string
}

const maxFileName = 100

/**
 * A name that is safe in an address and on a disk: lower case, letters and digits of any script, few other characters, the suffix kept. Latin
 * letters lose their accents, those of other scripts are left whole.
 */
export function safeFileName(name: string): string {
  const base = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1)
  const clean = base
    .toWellFormed()
    .replaceAll(siteMark, '')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replace(/(\p{Script=Latin})\p{M}+/gu, '$1')
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}._-]+/gu, '-')
  const dot = clean.includes('.') ? clean.lastIndexOf('.') : clean.length
  const suffix = [...clean.slice(dot)].slice(0, 20).join('')
  const stem = [...clean.slice(0, dot).replace(/^[.-]+/, '')].slice(0, maxFileName - suffix.length).join('')
  return (stem || 'file') + (suffix === '.' ? '' : suffix)
}

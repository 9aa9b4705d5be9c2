import type { Migration } from '../migrate.ts'
import { start } from './0001-start.ts'

/** Every step of the schema, in order. */
export const migrations: readonly Migration[] = [start]

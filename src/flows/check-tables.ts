import { parseReading } from '../tabular/dialect.ts'
import { getReader } from '../tabular/read-table.ts'
import { planSources } from './plan.ts'
import type { SourceSpec } from './spec.ts'
import { usable } from './spec-schema.ts'

/**
 * Refuses tables that are said to be of a format or an encoding that cannot be read, resource, dialect and reader options taken together.
 * Throws `invalid`. Specs that are stored already are not checked again: their run says the same.
 */
export function checkTables(spec: SourceSpec): void {
  for (const { name, resource, reader, role } of planSources(spec))
    if (role === 'tabular') usable(`resource ${name}`, () => getReader(parseReading(resource, reader).format))
}

import { parseReading } from '../tabular/dialect.ts'
import { getReader } from '../tabular/read-table.ts'
import { planSources } from './plan.ts'
import type { SourceSpec } from './spec.ts'
import { usable } from './spec-schema.ts'

/**
 * Refuses tables of a declared format or encoding that is not supported, considering resource, dialect and reader options together.
 * Throws `invalid`. Stored specs are not checked again: their run fails with the same message.
 */
export function checkTables(spec: SourceSpec): void {
  for (const { name, resource, reader, role } of planSources(spec))
    if (role === 'tabular') usable(`resource ${name}`, () => getReader(parseReading(resource, reader).format))
}

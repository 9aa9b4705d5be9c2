import { matchFields } from '../header.ts'
import type { OpenTable } from '../read-table.ts'
import { type Field, patternTypes, type TableSchema } from '../schema.ts'
import { DateSurvey } from './any-date.ts'

const needsSurvey = ({ type, format }: Field) => format === 'any' && patternTypes.includes(type)

/**
 * Reads the whole table once before it is cast, if it has dates of the format `any`: where one value is ambiguous (is `01.02.2023` in January?),
 * other values may show the order. Returns the schema with that evidence. `open` opens the table for this pass.
 */
export async function surveyDates(schema: TableSchema, open: () => Promise<OpenTable>, signal?: AbortSignal): Promise<TableSchema> {
  if (!schema.fields.some(needsSurvey)) return schema
  const table = await open()
  try {
    const surveys = new Map(schema.fields.filter(needsSurvey).map((field) => [field.name, new DateSurvey()]))
    const columns = matchFields(table.header, schema.fields).matched.flatMap((field, place) => {
      const survey = field && surveys.get(field.name)
      return survey ? [{ place, survey }] : []
    })
    for await (const { rows } of table.batches) {
      signal?.throwIfAborted()
      for (const row of rows) {
        for (const { place, survey } of columns) {
          const cell = row[place]
          if (typeof cell === 'string') survey.add(cell)
        }
      }
    }
    return { ...schema, fields: schema.fields.map((field) => ({ ...field, evidence: surveys.get(field.name)?.evidence })) }
  } finally {
    await table.close()
  }
}

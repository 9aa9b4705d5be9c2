import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { buildSource, buildTask, silent, temporaryFolder } from '../../../test/pipeline-task.ts'
import { runPipeline } from './run.ts'
import { type JsonObject, PipelineFailure } from './task.ts'

type Resource = JsonObject & {
  readonly name: string
  readonly path: string
  readonly schema?: JsonObject & { readonly fields: readonly JsonObject[] }
}

const packagePath = fileURLToPath(new URL('../../../node_modules/vega-datasets/datapackage.json', import.meta.url))
const dataFolder = join(dirname(packagePath), 'data')
const { resources }: { resources: readonly Resource[] } = JSON.parse(readFileSync(packagePath, 'utf8'))

/** Faults of published files and their schemas, as the first line of the error. */
const faulty: Readonly<Record<string, RegExp>> = {
  countries: /row 3, column p_fertility: is a key that neither the first row nor the schema has/,
  flare: /row 3, column parent: is a key that neither/,
  monarchs: /row 5, column commonwealth: is a key that neither/,
  cars: /row 196, column Miles_per_Gallon: "17.5" is not a whole number/,
  flights_2k: /row 2, column date: "2001\/01\/01 06:55" is not a date and time/,
  flights_5k: /row 2, column date: "2001\/01\/01 01:10" is not a date and time/,
  flights_10k: /row 2, column date: "2001\/01\/01 00:47" is not a date and time/,
  flights_20k: /row 2, column date: "2001\/01\/01 00:47" is not a date and time/,
  movies: /row 2, column Release Date: "Jun 12 1998" is not a date/,
  political_contributions: /row 2, column Coverage_End_Date: "01\/31\/2015" is not a date/,
  sp500: /row 2, column date: "Jan 1 2000" is not a date/,
  stocks: /row 2, column date: "Jan 1 2000" is not a date/,
}

const jsonTypes: Readonly<Record<string, string>> = { integer: 'number', number: 'number', boolean: 'boolean' }

for (const resource of resources) {
  if (!resource.schema || !['csv', 'tsv', 'json'].includes(String(resource['format']))) continue
  test(`the published ${resource.path} casts by its schema, or is refused for what is wrong with it`, async () => {
    const folder = await temporaryFolder()
    const source = buildSource(join(dataFolder, resource.path), resource)
    const task = await buildTask(folder, { kind: 'json', artifact: `${resource.name}_json`, sources: [source] })
    const expected = faulty[resource.name]
    if (expected) {
      await assert.rejects(runPipeline(task, silent), (error) => error instanceof PipelineFailure && expected.test(error.message))
      return
    }
    const [file] = (await runPipeline(task, silent)).files
    const rows: Record<string, unknown>[] = JSON.parse(await readFile(file?.localPath ?? '', 'utf8'))
    assert.equal(rows.length, file?.rows)
    assert.ok(rows.length > 0)
    for (const field of resource.schema?.fields ?? []) {
      const wanted = jsonTypes[String(field['type'])] ?? 'string'
      const odd = rows.find((row) => row[String(field['name'])] !== null && typeof row[String(field['name'])] !== wanted)
      assert.equal(odd, undefined, `${field['name']} is of type ${wanted}`)
    }
  })
}

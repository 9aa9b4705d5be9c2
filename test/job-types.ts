import { readFile } from 'node:fs/promises'
import type { SeedManifest } from '../src/job-types/manifest/schema.ts'

type Job = SeedManifest['job']

/** A minimal Seed manifest; `job` overrides its members. */
export const buildManifest = (job: Partial<Job> = {}): SeedManifest => ({
  seedVersion: '1.0.0',
  job: {
    name: 'sample',
    jobVersion: '1.0.0',
    packageVersion: '1.0.0',
    title: 'A sample',
    description: 'Does little',
    maintainer: { name: 'Jo', email: 'jo@example.org' },
    timeout: 60,
    ...job,
  },
})

/** The request bodies of the job type services' own documentation, as printed. */
export const readExample = async (name: 'add' | 'validate' | 'edit' | 'configuration'): Promise<string> =>
  readFile(new URL(`fixtures/job-types/${name}.json`, import.meta.url), 'utf8')

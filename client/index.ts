// biome-ignore-all lint/performance/noBarrelFile: this file is the face of the package
export * from './errors.ts'
export type { ActionOptions, DatasetQuery, RequestOptions, RequestResult } from './low-level.ts'
export { CkanLowLevelClient } from './low-level.ts'
export type { ClientOptions } from './options.ts'

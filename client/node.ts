// biome-ignore-all lint/performance/noBarrelFile: this file is the entry @millrace/client/node
export { FileStateStore } from './node/file-state-store.ts'
export type { JsonLinesOptions } from './node/json-lines.ts'
export { parseJsonLines, readJsonLines } from './node/json-lines.ts'

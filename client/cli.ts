// biome-ignore-all lint/performance/noBarrelFile: this file is the entry @millrace/client/cli
export { clientCommands, runClient } from './cli/run.ts'

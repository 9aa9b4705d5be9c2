import { enableCompileCache } from 'node:module'

// Keeps compiled code between starts (in the system's temporary folder); has to come before the other imports.
enableCompileCache()
const { runCommand } = await import('./cli/command.ts')
await runCommand(process.argv.slice(2))

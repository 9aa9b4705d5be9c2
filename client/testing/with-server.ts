import { type Script, type ScriptedServer, startScriptedServer } from './scripted-server.ts'

/** Runs a scenario against a server that answers by the script. */
export async function withServer(script: Script, scenario: (server: ScriptedServer) => Promise<void>): Promise<void> {
  const server = await startScriptedServer(script)
  try {
    await scenario(server)
  } finally {
    await server.close()
  }
}

#!/usr/bin/env node
import { runClient } from './cli/run.ts'

process.exitCode = await runClient(process.argv.slice(2))

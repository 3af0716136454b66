/** Searches for a planted mistake in a process of its own, which loads the sources with the mistake in them. */
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process, { execPath } from 'node:process'
import { promisify } from 'node:util'

export interface Found {
  readonly seed: number
  readonly what: string
}

const run = promisify(execFile)

/** `script` prints what it has found as JSON in its last line: null for nothing. */
export async function findInProcess(script: string, ...args: readonly string[]): Promise<Found | undefined> {
  // Each process loads all sources: what was compiled once is kept, by its text.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'chordns-sim') }
  const { stdout } = await run(execPath, [script, ...args], { env, maxBuffer: 1 << 20 })
  return (JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Found | null) ?? undefined
}

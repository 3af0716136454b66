/** Each mistake is put back in a process of its own (mutant.ts), and must be found there. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { PlantedMistake } from '../suite.ts'
import { MISTAKES } from './mistakes.ts'

const MUTANT = join(import.meta.dirname, 'mutant.ts')

export const PLANTS: readonly PlantedMistake[] = MISTAKES.map(({ name }) => ({
  name,
  find: () => find(name),
}))

async function find(name: string): Promise<{ seed: number; what: string } | undefined> {
  const { stdout } = await promisify(execFile)(process.execPath, [MUTANT, name], { maxBuffer: 1 << 20 })
  const found = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as { seed: number; what: string } | null
  return found ?? undefined
}

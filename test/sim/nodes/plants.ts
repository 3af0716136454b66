/** Each mistake is put back in a process of its own (mutant.ts), and must be found there. */
import { join } from 'node:path'
import { findInProcess } from '../planted-process.ts'
import type { PlantedMistake } from '../suite.ts'
import { MISTAKES } from './mistakes.ts'

const MUTANT = join(import.meta.dirname, 'mutant.ts')

export const PLANTS: readonly PlantedMistake[] = MISTAKES.map(({ name }) => ({
  name,
  find: () => findInProcess(MUTANT, name),
}))

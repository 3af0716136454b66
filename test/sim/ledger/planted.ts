/** A process of its own: loads the sources with one mistake, and runs worlds until one finds it. Prints the seed and what it found as JSON. */
import { argv, stdout } from 'node:process'
import { plant } from '../light/mistakes.ts'
import { MISTAKES } from './mistakes.ts'

const mistake = MISTAKES.find(({ name }) => name === argv[2])
if (mistake === undefined) throw new RangeError(`no mistake ${argv[2]}`)
plant(mistake)
const { runWorld } = await import('./world.ts')
const { makePlan } = await import('./plan.ts')
const { within, sizes, first } = mistake
const seeds = [...(first === undefined ? [] : [first]), ...Array.from({ length: within }, (_, i) => i + 1)]
let found: { readonly seed: number; readonly what: string } | undefined
for (const seed of seeds) {
  const { failure } = await runWorld(mistake.plan(makePlan(seed, sizes)))
  if (failure !== undefined && mistake.finding.test(failure.check)) found = { seed, what: failure.what }
  if (found !== undefined) break
}
stdout.write(`${JSON.stringify(found ?? null)}\n`)

/** A process of its own: loads the sources with one mistake, and runs worlds until one finds it. Prints the seed and what it found as JSON. */
import { argv, stdout } from 'node:process'
import { MISTAKES, plant } from './mistakes.ts'
import { makePlan } from './plan.ts'

const [name, within] = argv.slice(2)
const mistake = MISTAKES.find((one) => one.name === name)
if (mistake === undefined) throw new RangeError(`no mistake ${name}`)
plant(mistake)
const { runWorld } = await import('./world.ts')
let found: { readonly seed: number; readonly what: string } | undefined
for (let seed = 1; seed <= Number(within) && found === undefined; seed++) {
  const { failure } = await runWorld(makePlan(seed))
  if (failure !== undefined && mistake.finding.test(failure.check)) found = { seed, what: failure.what }
}
stdout.write(`${JSON.stringify(found ?? null)}\n`)

/**
 * Runs worlds with a mistake put back into the program: `node mutant.ts NAME`. The sources are changed on their way from the disk to
 * the runtime, in this process only; what is changed must be there to be changed. The last line is JSON: what was found, and where.
 */
import { registerHooks } from 'node:module'
import { stdout } from 'node:process'
import { MISTAKES } from './mistakes.ts'

const mistake = MISTAKES.find(({ name }) => name === process.argv[2])
if (mistake === undefined) throw new Error(`no such mistake: ${process.argv[2]}`)
const left = new Set(mistake.changes)

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const changes = mistake.changes.filter(({ file }) => url.endsWith(`/src/${file}`))
    if (changes.length === 0) return loaded
    let source = typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString()
    for (const change of changes) {
      if (!source.includes(change.from)) throw new Error(`${change.file} has no longer: ${change.from}`)
      source = source.replace(change.from, change.to)
      left.delete(change)
    }
    return { ...loaded, source }
  },
})

const { runWorld } = await import('./world.ts')
const { makePlan } = await import('./plan.ts')
if (left.size > 0) throw new Error(`never loaded: ${[...left].map(({ file }) => file).join(', ')}`)

let found: { seed: number; what: string } | undefined
for (let seed = 1; seed <= mistake.within && found === undefined; seed++) {
  const { failure } = await runWorld(mistake.plan(makePlan(seed, mistake.kind)))
  if (failure?.check === mistake.check) found = { seed, what: `${failure.check}: ${failure.what}` }
}
stdout.write(`${JSON.stringify(found ?? null)}\n`)

/** Known mistakes, put back on purpose: the suite must find each of them, or it would not find others either. */
import { chunkOf, keyOfChunk, type OwnFetch } from '../../../src/chunks/index.ts'
import { decodeReply, encodeRequest } from '../../../src/chunks/wire/messages.ts'
import { isOutcome } from '../../../src/evidence/index.ts'
import { defaults, ownFinding } from '../../chunks/world.ts'
import { BUGS_OF_2001 } from '../../ring/bugs-of-2001.ts'
import type { Member } from './node.ts'
import { makePlan, type Plan } from './plan.ts'
import { type Bugs, runWorld } from './world.ts'

export interface Plant {
  readonly name: string
  readonly bugs: Bugs
  readonly plan: (seed: number) => Plan
  /** What the finding says. */
  readonly finding: RegExp
}

/** Seeds, from 1 on, within which each must be found. */
const WITHIN = 500

export const PLANTS: readonly Plant[] = [
  // The member table heals most of what the pointers get wrong, so it is looked away from while they do.
  ...Object.entries(BUGS_OF_2001).map(([name, rules]) => ({
    name,
    bugs: { rules, withoutAudit: true },
    plan: (seed: number) => makePlan(seed, 'chord'),
    finding: /successor|predecessor/,
  })),
  {
    name: 'a replica signs what another showed it',
    bugs: { ownFetch: copied },
    plan: withOneLiar,
    finding: /a lie/,
  },
]

/** The first seed that finds it, and what it found; undefined when none does. */
export async function findPlant({ bugs, plan, finding }: Plant): Promise<{ seed: number; what: string } | undefined> {
  for (let seed = 1; seed <= WITHIN; seed++) {
    const { failure } = await runWorld(plan(seed), bugs)
    if (failure !== undefined && finding.test(failure.what)) return { seed, what: failure.what }
  }
  return undefined
}

/** One of the members lies, and nothing else is wrong. */
function withOneLiar(seed: number): Plan {
  const plan = makePlan(seed, 'weather')
  return { ...plan, faults: [{ kind: 'liar', node: seed % plan.n, habit: 'lying' }] }
}

/** Asks another replica first, and takes its word for what it would have seen itself. */
function copied(member: Member, own: OwnFetch): OwnFetch {
  return async (question, signal, how) => {
    const key = keyOfChunk(chunkOf(question.name, defaults.chunkBits), defaults.chunkBits)
    for (const { peer } of member.ring.replicasOf(key).members) {
      if (peer === member.peer) continue
      try {
        const reply = decodeReply(
          await member.send(peer, encodeRequest({ kind: 'read', question }), { timeoutMs: 800, signal }),
        )
        if ((reply.kind === 'vote' || reply.kind === 'entry') && isOutcome(reply.outcome))
          return ownFinding(question, reply.outcome, member.now())
      } catch {
        // Not there, or not a word that can be read: the next one.
      }
    }
    return own(question, signal, how)
  }
}

/**
 * The pointer rules are data, so that the mistakes of the 2001 pseudo-code can be put back: the checks below must find each
 * of them, and nothing in the rules as they are. The member table heals most of the damage, so it is looked away from here.
 */
import { describe, expect, it } from 'vitest'
import { between } from '../../src/ring/chord/ids.ts'
import { type PointerRules, zaveRules } from '../../src/ring/chord/rules.ts'
import { BUGS_OF_2001 } from './bugs-of-2001.ts'
import { flaw, type Node, OPTIONS, World } from './world.ts'

const LIST = 3

/** Chord alone: the table is consulted only while `world.auditing` holds. */
function withoutAudit(rules: PointerRules, auditing: () => boolean): PointerRules {
  return { ...rules, audit: (pointers, following) => (auditing() ? rules.audit(pointers, following) : undefined) }
}

/** What went wrong in one run of churn, if anything did. */
function violation(rules: PointerRules, seed: number): string | undefined {
  let auditing = true
  const world = new World({
    seed,
    meanDelayMs: 15,
    rules: withoutAudit(rules, () => auditing),
    options: { successors: LIST },
  })
  const first = world.add([])
  for (let i = 1; i < 8; i++) world.add([first])
  world.runUntil(() => flaw(world, LIST) === undefined, 60_000)
  auditing = false

  let found: string | undefined
  const downSince = new Map<Node, number>()
  const before = new Map<Node, { first: string | undefined; predecessor: string | undefined }>()
  const isUp = (id: string | undefined) => world.nodes.some((node) => node.id === id && node.up)
  world.observe = (node) => {
    if (node.state.phase !== 'member' || found !== undefined) return
    const { successors, predecessor } = node.state.pointers
    const last = before.get(node)
    before.set(node, { first: successors[0], predecessor })
    if (!successors.some(isUp)) found = `${node.name} has no live successor`
    const adopted = last !== undefined && last.first !== successors[0] ? successors[0] : undefined
    const target = world.nodes.find(({ id }) => id === adopted)
    const closer =
      adopted !== undefined && last?.first !== undefined && between(node.id, target!.id, last.first as never)
    // Longer than anybody waits for an answer: it cannot have answered this node just now.
    if (closer && world.now - (downSince.get(target!) ?? world.now) > OPTIONS.pingTimeoutMs)
      found = `${node.name} adopted a dead successor`
    if (last?.predecessor === undefined || last.predecessor === predecessor || predecessor === undefined) return
    const backwards = !between(last.predecessor as never, predecessor, node.id)
    if (backwards && isUp(last.predecessor)) found = `${node.name} gave up a live predecessor for one further away`
  }

  for (let i = 0; i < 12 && found === undefined; i++) {
    // One joiner a while: as soon as it is a member, the successor that it took dies.
    const joiner = world.add([first])
    world.runUntil(() => joiner.state.phase === 'member', 10_000, 10)
    const target = world.nodes.find(({ id }) => id === joiner.state.pointers.successors[0])
    if (target?.up && target !== first) {
      world.crash(target)
      downSince.set(target, world.now)
    }
    world.run(9_000)
  }
  world.run(10_000)
  return found ?? flaw(world, LIST)
}

describe('the checks of the ring', () => {
  it('find nothing wrong with the corrected rules', () => {
    for (let seed = 1; seed <= 6; seed++) expect(violation(zaveRules, seed), `seed ${seed}`).toBeUndefined()
  })

  it.each(Object.keys(BUGS_OF_2001))('find the planted bug: %s', (name) => {
    const found = Array.from({ length: 8 }, (_, i) => i + 1).some(
      (seed) => violation(BUGS_OF_2001[name]!(zaveRules), seed) !== undefined,
    )
    expect(found).toBe(true)
  })
})

/** Nodes that vote where a link begins anew whose term is over, each by its own light client, as their duties say. */
import { describe, expect, it } from 'vitest'
import { DONE } from '../modules/admission-world.ts'
import { relinkingScene } from './relinking-scene.ts'

describe('a link whose term is over', () => {
  it('is begun anew by nodes whose light clients still trust the chain, at one place, and goes on from there', async () => {
    const { root, linked, duty } = relinkingScene()
    const duties = [0, 1, 2].map((member) => duty(member))
    for (const [member, one] of duties.entries()) {
      const vote = await one.due()
      expect(vote?.[0]).toBe(7)
      expect(root.codes([root.members[member]!, vote!])).toEqual([DONE])
      // Once is enough.
      if (member < 2) expect(await one.due()).toBeUndefined()
    }
    expect(linked()).toMatchObject({ size: 300, isForked: false })
    expect(await duties[0]!.due()).toBeUndefined()
  })

  it('is voted for by nobody at a place that is not in the history that it trusts', async () => {
    const { other, duty } = relinkingScene()
    const fork = other.fork(200).grow(other.height - 200, { stateRoot: new Uint8Array(32).fill(6) })
    expect(await duty(0, fork).due()).toBeUndefined()
    expect((await duty(0).due())?.[0]).toBe(7)
  })
})

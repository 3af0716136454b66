import { describe, expect, it } from 'vitest'
import { expelMember } from '../../src/peer/ring-commands.ts'
import { Hub } from '../ring/hub.ts'

async function threeBoxes() {
  const hub = new Hub()
  const boxes = [hub.box('a', []), hub.box('b', ['/memory/a']), hub.box('c', ['/memory/a'])]
  for (const { ring } of boxes) await ring.start()
  await hub.clock.advanceAsync(10_000)
  const [a, b, c] = boxes
  return { hub, a: a!, b: b!, c: c! }
}

describe('expelMember', () => {
  it('votes by the first characters of an id, or by the peer id, and shows how the vote stands', async () => {
    const { hub, a, b, c } = await threeBoxes()
    const { expulsions } = expelMember(a.ring, b.ring.self.id.slice(0, 8))
    expect(expulsions).toMatchObject([{ peer: b.transport.self, isExpelled: false, needed: 2 }])
    expect(expulsions[0]?.voters).toEqual([a.transport.self])
    await hub.clock.advanceAsync(1_000)
    expect(expelMember(c.ring, b.transport.self).expulsions).toMatchObject([{ isExpelled: true }])
    await hub.clock.advanceAsync(1_000)
    expect(a.ring.isExpelled(b.transport.self)).toBe(true)
    expect(a.ring.members()).toHaveLength(2)
  })

  it('says whom it does not know, and expels nobody by chance', async () => {
    const { a, b } = await threeBoxes()
    expect(() => expelMember(a.ring, b.ring.self.id.slice(0, 7))).toThrow('no member')
    expect(() => expelMember(a.ring, '')).toThrow('no member')
    expect(() => expelMember(a.ring, a.transport.self)).toThrow('cannot expel itself')
  })
})

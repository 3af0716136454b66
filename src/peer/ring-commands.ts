/** What a person asks of the ring through the running node. */
import { ChordnsError } from '../base/index.ts'
import type { RingView } from '../observe/index.ts'
import type { Ring } from '../ring/index.ts'
import { viewRing } from './views.ts'

/** Fewer characters of an id name somebody by chance. */
const LEAST_ID = 8

/** Votes that a member be expelled: by its peer id, its id or the first characters of that. Throws USAGE, RING_NO_MEMBER. */
export function expelMember(ring: Ring, text: string): RingView {
  const found = ring
    .members()
    .filter(({ id, peer }) => peer === text || (text.length >= LEAST_ID && id.startsWith(text.toLowerCase())))
  const [member] = found
  if (found.length > 1) throw new ChordnsError('USAGE', `several members begin with ${text}; say more of the id`, {})
  if (member === undefined)
    throw new ChordnsError(
      'RING_NO_MEMBER',
      `no member has the peer id ${text}, or an id that begins so; \`chordns ring\` lists them`,
      { member: text },
    )
  ring.expel(member.id)
  return viewRing(ring)
}

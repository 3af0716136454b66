/** What a person asks of the ring through the running node. */
import { ChordnsError } from '../base/index.ts'
import type { RingView } from '../observe/index.ts'
import { type Invitation, invitationFromBytes, type Ring } from '../ring/index.ts'
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

/** Takes up an invitation that was signed with this node's key (base64url). Rejects with INVITATION_REFUSED, RING_MALFORMED, STORE_FAILED. */
export async function announceInvitation(ring: Ring, text: string): Promise<RingView> {
  ring.invitations.announce(invitationFromBytes(bytesOf(text)))
  await keep(ring)
  return viewRing(ring)
}

/** Takes up a revocation that was signed with this node's key: `id` in hex, `at`, `signature`. Rejects as above. */
export async function announceRevocation(ring: Ring, query: URLSearchParams): Promise<RingView> {
  const invitation = ownInvitation(ring, query.get('id') ?? '')
  const signature = bytesOf(query.get('signature') ?? '')
  ring.invitations.announce({ kind: 'revocation', invitation, at: Number(query.get('at')), signature })
  await keep(ring)
  return viewRing(ring)
}

/** Whoever is told that it is done can rely on it. */
async function keep({ invitations }: Ring): Promise<void> {
  if (await invitations.kept()) return
  throw new ChordnsError('STORE_FAILED', 'it holds while this node runs, and could not be written to the disk', {})
}

function ownInvitation(ring: Ring, id: string): Invitation {
  const found = ring.invitations.remembered().own.find((one) => Buffer.from(one.id).toString('hex') === id)
  if (found === undefined)
    throw new ChordnsError('INVITATION_UNKNOWN', `this node has made no invitation ${id}; \`chordns invite list\``, {
      id,
    })
  return found
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64url'))
}

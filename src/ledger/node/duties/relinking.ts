/**
 * Where a link begins anew whose term is over, as this node would vote: at the newest of few places, so that all nodes vote on one, and only
 * when its light client trusts the header there.
 */
import { isChordnsError } from '../../../base/index.ts'
import {
  applyRenewal,
  decodeLink,
  encodeLink,
  type LedgerHead,
  type LightFollower,
  type LightRules,
  type LinkedRecord,
  setRoot,
} from '../../../chain/index.ts'
import type { CborValue } from '../../../crypto/index.ts'
import { encodePayload } from '../../application/payload.ts'
import { limits } from '../../limits.ts'
import { renewLinkPayload, renewLinkSubject } from '../../modules/links/links.ts'

export interface Renewal {
  readonly size: number
  readonly payload: Uint8Array
  readonly subject: CborValue
}

export interface RelinkingDeps {
  readonly rules: LightRules
  readonly follower: Pick<LightFollower, 'head' | 'links' | 'holds'>
}

/** Undefined: nobody has such a checkpoint, or it is not in the history that this node trusts. `now`: Unix ms. */
export async function renewalOf(
  { rules, follower }: RelinkingDeps,
  chainId: Uint8Array,
  record: LinkedRecord,
  now: number,
): Promise<Renewal | undefined> {
  const head = follower.head(chainId)
  if (head === undefined || head.state === 'forked' || head.state === 'expired') return undefined
  const size = renewalPlace(head)
  if (size <= record.size) return undefined
  // The set linked last says nothing any more, and may be known to nobody: that of now stands in.
  const asked = { size: record.size, setRoot: setRoot(head.validators) }
  for (const bytes of await follower.links(chainId, asked, size)) {
    const link = withOwnSet(bytes)
    const outcome = link && applyRenewal(rules, record, link, now)
    if (outcome?.kind !== 'linked' || outcome.record.size !== size) continue
    if (!(await follower.holds(chainId, decodeLink(link!).header))) continue
    const payload = encodePayload(renewLinkPayload(link!))
    return { size, payload, subject: renewLinkSubject(outcome.record) }
  }
  return undefined
}

/** Rare enough for all nodes to see the same one for hours; where a chain is young, its newest checkpoint. */
export function renewalPlace({ height }: Pick<LedgerHead, 'height'>): number {
  const step = height >= limits.RENEW_EVERY ? limits.RENEW_EVERY : limits.CHECKPOINT_EVERY
  return height - (height % step)
}

/** Undefined: it cannot be read. */
function withOwnSet(bytes: Uint8Array): Uint8Array | undefined {
  try {
    const link = decodeLink(bytes)
    return encodeLink({ ...link, lastSet: link.ownSet ?? link.lastSet, ownSet: undefined })
  } catch (error) {
    if (isChordnsError(error, 'CHAIN_MALFORMED')) return undefined
    throw error
  }
}

/** Beginning from a header that somebody trusted names by its id: for a node that comes, or comes back, when the genesis or what it had is too old. */
import { equalBytes, isChordnsError } from '../../base/index.ts'
import { blockIdOf } from '../blocks/blocks.ts'
import { setRoot } from '../blocks/set-root.ts'
import { decodeConflict } from '../light/conflicts.ts'
import { trust } from '../light/verify.ts'
import type { Step } from '../light/walk.ts'
import { limits } from '../limits.ts'
import type { Validator } from '../types.ts'
import type { MemberBook } from './members.ts'

/** The operator's word, learnt elsewhere: this block is of the chain. */
export interface TrustedPoint {
  readonly height: number
  readonly blockId: Uint8Array
}

export interface BegunChain {
  readonly step: Step
  readonly sets: readonly (readonly Validator[])[]
}

/** From the first member that has the header and both lists: all are known by their hashes. Undefined: none has. */
export async function beginAt(
  members: MemberBook,
  chainId: Uint8Array,
  { height, blockId }: TrustedPoint,
): Promise<BegunChain | undefined> {
  for (const peer of members.ordered(chainId).slice(0, 3 * limits.FOLLOWED_MEMBERS)) {
    const reply = await members.request(peer, { kind: 'header', chainId, height, of: 0 })
    if (reply?.kind !== 'header') continue
    const { certified } = reply
    if (!equalBytes(blockIdOf(certified.header), blockId) || !equalBytes(certified.header.chainId, chainId)) {
      members.distrust(peer)
      continue
    }
    const setOf = async (root: Uint8Array) => {
      const list = await members.request(peer, { kind: 'set', chainId, root })
      return list?.kind === 'set' && equalBytes(setRoot(list.validators), root) ? list.validators : undefined
    }
    const own = await setOf(certified.header.validatorsHash)
    const next = await setOf(certified.header.nextValidatorsHash)
    if (own !== undefined && next !== undefined)
      return { step: { certified, trusted: trust(certified, next) }, sets: [own, next] }
  }
  return undefined
}

/** Whether the operator names a block above two headers that contradict each other: which of them is before it is settled then. */
export function isSettledBy(conflict: Uint8Array, { height }: TrustedPoint): boolean {
  try {
    const { first, second } = decodeConflict(conflict)
    return height > Math.max(first.header.height, second.header.height)
  } catch (error) {
    if (isChordnsError(error)) return true
    throw error
  }
}

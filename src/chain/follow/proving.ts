/** What the state of a head says of some keys: requested of members one after the other, the next one as well when one is slow. */
import type { Clock, PeerId } from '../../base/index.ts'
import { verifyState } from '../light/proof-file.ts'
import { limits } from '../limits.ts'
import type { BlockHeader } from '../types.ts'
import type { MemberBook } from './members.ts'

export interface ProvingDeps {
  readonly clock: Pick<Clock, 'after'>
  readonly members: MemberBook
}

export interface Proof {
  readonly values: readonly (Uint8Array | undefined)[]
  readonly proof: Uint8Array
}

/** Undefined: no member that was asked gave a proof that holds, or the state of this height is kept no more. Never rejects. */
export function proveAt(
  { clock, members }: ProvingDeps,
  header: BlockHeader,
  keys: readonly Uint8Array[],
): Promise<Proof | undefined> {
  const { chainId, height } = header
  const left = members.ordered(chainId).slice(0, limits.PROOF_MEMBERS)
  const ofMember = async (peer: PeerId): Promise<Proof | undefined> => {
    const reply = await members.request(peer, { kind: 'state', chainId, height, keys })
    if (reply?.kind !== 'state' || reply.values.length !== keys.length) return undefined
    const { values, proof } = reply
    const claims = keys.map((key, i) => ({ key, value: values[i] }))
    if (verifyState(header, claims, proof).kind === 'proven') return { values, proof }
    members.distrust(peer)
    return undefined
  }
  return new Promise((resolve, reject) => {
    let waiting = 0
    let cancelNext = () => {}
    const end = (proof: Proof | undefined) => {
      cancelNext()
      left.length = 0
      resolve(proof)
    }
    const next = () => {
      cancelNext()
      const peer = left.shift()
      if (peer === undefined) {
        if (waiting === 0) end(undefined)
        return
      }
      waiting++
      cancelNext = clock.after(limits.PROOF_PATIENCE_MS, next)
      void ofMember(peer).then((proof) => {
        waiting--
        if (proof === undefined) next()
        else end(proof)
      }, reject)
    }
    next()
  })
}

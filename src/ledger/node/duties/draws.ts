/**
 * Taking part in the draws that salts are made of. The secrets are made of the voting key, so there is nothing to keep, and a restart forgets none.
 */
import { concatBytes } from '../../../base/index.ts'
import { hmacSha256, signedBytes } from '../../../crypto/index.ts'
import { encodePayload } from '../../application/payload.ts'
import type { BeaconDuty } from '../../modules/admission/duty.ts'
import { beaconPayload } from '../../modules/admission/payloads.ts'
import { commitmentTo } from '../../modules/admission/statements.ts'
import type { Duty } from './duties.ts'

export interface DrawsDeps {
  /** The seed of the voting key. */
  readonly votingSeed: Uint8Array
  readonly account: Uint8Array
  /** By what this node is known in sets. */
  readonly memberId: Uint8Array
}

export function drawDuty({ votingSeed, account, memberId: validator }: DrawsDeps): Duty {
  const secretOf = (chainId: Uint8Array, epoch: number) => {
    const place = new Uint8Array(8)
    new DataView(place.buffer).setBigUint64(0, BigInt(epoch))
    return hmacSha256(votingSeed, signedBytes('chordns/draw-seed/1', concatBytes(chainId, place)))
  }
  return {
    name: 'draw',
    async due(chain) {
      const { chainId } = chain.genesis
      const height = chain.status().height + 1
      const duty = (await chain.application.ask('beacon', { validator, account, height })) as BeaconDuty
      const { epoch, mayCommit, owesSecret } = duty
      if (!mayCommit && !owesSecret) return undefined
      const payload = beaconPayload(
        owesSecret ? secretOf(chainId, epoch - 1) : null,
        mayCommit ? commitmentTo(chainId, validator, epoch, secretOf(chainId, epoch)) : null,
      )
      return { what: `${epoch} ${owesSecret} ${mayCommit}`, payload: encodePayload(payload) }
    },
  }
}

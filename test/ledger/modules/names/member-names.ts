/** Names on a chain with members who vote, for rules that they keep together. */
import { type Signer, sha256 } from '../../../../src/crypto/index.ts'
import {
  commitPayload,
  defaultPolicy,
  governance,
  NAMES,
  type NamePolicy,
  nameRecordOf,
  names,
  type Registration,
  registerPayload,
  registerTermPayload,
} from '../../../../src/ledger/index.ts'
import { policyToValue } from '../../../../src/ledger/modules/names/policy.ts'
import { chainId } from '../../../chain/one.ts'
import { governed } from '../governance/governed.ts'
import { ownerOf, settingsOf, text } from './blocks.ts'

export const payee = sha256(text('the registry'))
export const freePolicy: NamePolicy = { ...defaultPolicy, prices: [0], premium: 0, payee }

/** `policy` undefined: a chain from before there were any. */
export function memberNames(policy: NamePolicy | undefined, n = 5) {
  const begins = new Map(policy === undefined ? [] : [[NAMES, policyToValue(policy)] as const])
  const chain = governed({ n, chainName: 'p2p', modules: [governance, names], begins })
  const registration = (owner: Signer, label: string): Registration => ({
    chainId,
    label: text(label),
    owner: owner.publicKey,
    salt: sha256(text('salt')),
  })
  return Object.assign(chain, {
    record: (label: string) => nameRecordOf(chain.state(), text(label)),
    place(label: string) {
      const { generation, sequence } = nameRecordOf(chain.state(), text(label))!
      return { chainId, label: text(label), generation, sequence }
    },
    /** The code of the reveal. */
    register(label: string, owner = ownerOf('alice'), isForTerms = policy !== undefined, by = chain.members[0]!) {
      const what = registration(owner, label)
      chain.codes([by, commitPayload(what)])
      chain.block()
      const wishes = { terms: 1, isMovable: true, guardians: undefined }
      return chain.codes([
        by,
        isForTerms
          ? registerTermPayload(owner, what, { settings: settingsOf(), most: 1_000, wishes })
          : registerPayload(owner, what, settingsOf()),
      ])[0]!
    },
  })
}

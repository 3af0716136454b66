/** Known mistakes of the ledger's modules, as changes of the sources; each must be found by the check that is for it. */
import { MISTAKES as LIGHT_MISTAKES, type Mistake as SourceMistake } from '../light/mistakes.ts'

export interface Mistake extends SourceMistake {
  /** Seeds among which it is found, from the first one on (default: 1). */
  readonly from?: number
  readonly within: number
}

const MODULES = 'ledger/modules'
/** Most are found at once. */
const WITHIN = 20

const ofModules: readonly Mistake[] = [
  {
    name: 'an endorsement that was withdrawn still counts',
    changes: [
      {
        file: `${MODULES}/admission/admission.ts`,
        from: 'if (left.length === 0) removeOrganisation(own, list, account, known)',
        to: 'if (left.length === 0) return',
      },
    ],
    finding: /members/,
    within: WITHIN,
  },
  {
    name: 'who is expelled by the endorsers endorses on',
    changes: [
      {
        file: `${MODULES}/admission/lists.ts`,
        from: 'voices.some((one) => one.since === since && equalBytes(one.account, account)),',
        to: 'voices.some((one) => equalBytes(one.account, account)),',
      },
    ],
    finding: /members/,
    within: 200,
  },
  {
    name: 'a vote is counted twice',
    changes: [
      {
        file: 'ledger/tally.ts',
        from: 'known.voices.filter((one) => !equalBytes(one.account, voice.account)) : []',
        to: 'known.voices : []',
      },
    ],
    finding: /nodes|TLDs|links|outcomes/,
    within: WITHIN,
  },
  {
    name: 'a voice counts in another term than its own',
    changes: [
      {
        file: `${MODULES}/authority/nodes.ts`,
        from: 'return node !== undefined && node.joined === since && hasVote(node)',
        to: 'return node !== undefined && hasVote(node)',
      },
    ],
    finding: /nodes|TLDs|links|outcomes/,
    within: 200,
  },
  {
    name: 'a commit may be revealed at once',
    changes: [
      {
        file: `${MODULES}/names/operations.ts`,
        from: "if (block.height - committed.height < limits.REVEAL_BLOCKS) refuse(NameCode.TOO_EARLY, 'too early')",
        to: '',
      },
    ],
    finding: /outcomes/,
    within: WITHIN,
  },
  {
    name: 'the second commit wins',
    changes: [{ file: `${MODULES}/names/operations.ts`, from: 'number < taken &&', to: 'number > taken &&' }],
    finding: /outcomes/,
    within: WITHIN,
  },
  {
    name: 'a name goes to whom its owner did not sign for',
    changes: [
      {
        file: `${MODULES}/names/operations.ts`,
        from: 'if (!scheme.verify(key, bytes, readSignature(signature, ',
        to: 'if (key.length === 0 && !scheme.verify(key, bytes, readSignature(signature, ',
      },
    ],
    finding: /outcomes/,
    within: WITHIN,
  },
  {
    name: 'a transaction counts as often as it is sent',
    changes: [
      {
        file: `${MODULES}/accounts/accounts.ts`,
        from: 'if (nonce !== account.nonce) return { refused: ResultCode.NONCE }',
        to: '',
      },
      {
        file: 'ledger/application/application.ts',
        from: 'if (nonce < known.nonce) return ResultCode.NONCE',
        to: '',
      },
    ],
    finding: /outcomes/,
    within: WITHIN,
  },
  {
    name: 'a transfer makes value of nothing',
    changes: [{ file: `${MODULES}/accounts/accounts.ts`, from: 'credit(own, account, -sum)', to: '' }],
    finding: /balances|outcomes/,
    within: WITHIN,
  },
  {
    name: 'a transaction of another chain counts',
    changes: [
      {
        file: 'chain/blocks/transactions.ts',
        from: 'encodeCanonical([chainId, ...fieldsOf(content)])',
        to: 'encodeCanonical([chainId.length, ...fieldsOf(content)])',
      },
    ],
    finding: /outcomes/,
    within: WITHIN,
  },
  {
    name: 'who is removed keeps its seat',
    changes: [
      {
        file: `${MODULES}/authority/nodes.ts`,
        from: 'target: registry.target.filter((one) => !equalBytes(one, account)),',
        to: 'target: registry.target,',
      },
    ],
    finding: /seats/,
    within: WITHIN,
  },
  {
    name: 'evidence removes nobody',
    changes: [
      {
        file: `${MODULES}/authority/authority.ts`,
        from: 'if (registryOf(own).voters > 1) removeNode(own, account)\n}',
        to: '}',
      },
    ],
    finding: /nodes/,
    within: 60,
  },
  {
    name: 'a link of a fork is taken',
    changes: [
      {
        file: 'chain/light/links.ts',
        from: 'if (signed.length < ledgerQuorum(ownSet.length) || before.length < overlapNeeded(rules, lastSet.length))',
        to: 'if (signed.length + before.length < 0)',
      },
    ],
    finding: /outcomes/,
    within: WITHIN,
  },
]

/** What light clients must not do, now with headers of chains whose sets were decided by those who are in them. */
const ofFollowers: readonly Mistake[] = LIGHT_MISTAKES.filter(
  ({ name }) => !/cry fork|third of the known set/.test(name),
).map((one) => ({ ...one, within: 200 }))

export const MISTAKES: readonly Mistake[] = [...ofModules, ...ofFollowers]

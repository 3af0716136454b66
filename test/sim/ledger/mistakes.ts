/** Known mistakes of the ledger's modules, as changes of the sources; each must be found by the check that is for it. */
import type { Fault } from '../chain/plan.ts'
import type { Mistake as SourceMistake } from '../light/mistakes.ts'
import { activating, governed, living, type Plan, quick, ruled } from './plan.ts'

export interface Mistake extends SourceMistake {
  /** Validators at the start. */
  readonly sizes: readonly number[]
  /** What is left of a drawn plan, so that a seed costs little. */
  readonly plan: (plan: Plan) => Plan
  /** Seeds, from 1 on, within which it is found. */
  readonly within: number
  /** That found it last, where it was not one of the first: it is tried before them. */
  readonly first?: number
}

/** Nothing is wrong but the mistake, and these. */
const only =
  (faults: readonly Fault[] = []) =>
  (plan: Plan): Plan => ({
    ...plan,
    chains: plan.chains
      .slice(0, 2)
      .map(({ name, plan: one }) => ({ name, plan: { ...one, faults, callMs: undefined } })),
    sleeps: [],
  })

const ALONE = { sizes: [1, 2], plan: only() }
/** What has to follow upon several other things. */
const LATER = { sizes: [1, 2], plan: (plan: Plan) => only()(quick(plan)) }

const LIVING = { sizes: [1, 2], plan: (plan: Plan) => only()(living(plan)) }
const GOVERNED = { sizes: [1, 2], plan: (plan: Plan) => only()(governed(plan)) }
/** Nodes vote on kept names. */
const KEEPING = { sizes: [1, 2], plan: (plan: Plan) => LIVING.plan({ ...plan, keepsNames: true }) }
/** Names are for who has them elsewhere. */
const ELSEWHERE = { sizes: [1, 2], plan: (plan: Plan) => LIVING.plan({ ...plan, isElsewhere: true }) }
/** A vote changes the terms of names. */
const RULED = { sizes: [1, 2], plan: (plan: Plan) => only()(ruled(plan)) }
/** Names were had for ever until then. */
const ADOPTED = { sizes: [1, 2], plan: (plan: Plan) => RULED.plan({ ...plan, nameUnitMs: undefined }) }

const MODULES = 'ledger/modules'
/** Most are found at once. */
const WITHIN = 20

export const MISTAKES: readonly Mistake[] = [
  {
    name: 'an endorsement that was withdrawn still counts',
    changes: [
      {
        file: `${MODULES}/admission/admission.ts`,
        from: 'if (left.length === 0) removeOrganisation(own, list, account, known)',
        to: 'if (left.length === 0) return',
      },
      {
        file: `${MODULES}/admission/admission.ts`,
        from: '{ ...known, endorsements: left })',
        to: '{ ...known, endorsements: counting })',
      },
    ],
    finding: /members/,
    ...ALONE,
    within: WITHIN,
    first: 4,
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
    ...ALONE,
    within: WITHIN,
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
    ...LATER,
    within: WITHIN,
    first: 4,
  },
  {
    name: 'the second commit wins',
    changes: [{ file: `${MODULES}/names/operations.ts`, from: 'number < taken &&', to: 'number > taken &&' }],
    finding: /outcomes/,
    ...ALONE,
    within: WITHIN,
    first: 19,
  },
  {
    name: 'a name goes to whom its owner did not sign for',
    changes: [
      {
        file: `${MODULES}/names/acts.ts`,
        from: 'if (!scheme.verify(key, bytes, readSignature(signature, ',
        to: 'if (key.length === 0 && !scheme.verify(key, bytes, readSignature(signature, ',
      },
    ],
    finding: /outcomes/,
    ...ALONE,
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
    ...ALONE,
    within: WITHIN,
  },
  {
    name: 'a transfer makes value of nothing',
    changes: [{ file: `${MODULES}/accounts/accounts.ts`, from: 'credit(own, account, -sum)', to: '' }],
    finding: /balances|outcomes/,
    ...ALONE,
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
    ...ALONE,
    within: WITHIN,
  },
  {
    name: 'a CDS set that was used counts again',
    changes: [
      { file: `${MODULES}/names/cds.ts`, from: 'return inception > newest', to: 'return inception !== newest' },
    ],
    finding: /outcomes/,
    ...LATER,
    within: WITHIN,
  },
  {
    name: 'any answer clears of a broken lock',
    changes: [
      {
        file: `${MODULES}/authority/faults.ts`,
        from: 'if (!isAnswered(lightRules(scheme)',
        to: 'if (charge.until < 0 && !isAnswered(lightRules(scheme)',
      },
    ],
    finding: /outcomes/,
    ...LATER,
    sizes: [3, 4],
    within: WITHIN,
    first: 17,
  },
  {
    name: 'a module acts before its height',
    changes: [
      {
        file: 'ledger/application/application.ts',
        from: 'activationsOf(draft).filter((one) => one.height <= height)',
        to: 'activationsOf(draft)',
      },
    ],
    finding: /outcomes|modules/,
    sizes: [1, 2],
    plan: (plan) => only()(activating(plan)),
    within: WITHIN,
  },
  {
    name: 'evidence removes nobody',
    changes: [
      {
        file: `${MODULES}/authority/nodes.ts`,
        from: '    removeNode(own, account)\n    queueFault(own, account)\n',
        to: '',
      },
    ],
    finding: /nodes|balances/,
    sizes: [4],
    plan: only([{ kind: 'liar', node: 0, habits: ['doubleVote', 'equivocate'] }]),
    within: 60,
  },
  {
    name: 'anybody restores a name that its owner let run out',
    changes: [
      {
        file: `${MODULES}/names/terms.ts`,
        from: 'verify(call, record.owner, restoreBytes(placeOf(call, label, record, sequence), terms), signature)',
        to: '',
      },
    ],
    finding: /outcomes/,
    ...LIVING,
    within: WITHIN,
  },
  {
    name: 'a name that came free costs no premium',
    changes: [
      {
        file: `${MODULES}/names/operations.ts`,
        from: 'feeOf(policy, label, wishes.terms) + premiumOf(before, policy, block.time)',
        to: 'feeOf(policy, label, wishes.terms)',
      },
    ],
    finding: /outcomes|balances/,
    ...LIVING,
    within: WITHIN,
    first: 6,
  },
  {
    name: 'a page of kept names proves what is not on it, whichever page it is',
    changes: [
      {
        file: `${MODULES}/names/kept-pages.ts`,
        from: 'if (!verifyMerkleProof(root.root, page, place, 2 ** root.bits, path)) return',
        to: 'if (place < 0) return',
      },
    ],
    finding: /outcomes/,
    ...LIVING,
    within: WITHIN,
    first: 6,
  },
  {
    name: 'a freeze does not end',
    changes: [
      {
        file: `${MODULES}/names/acts.ts`,
        from: 'if (life.frozenUntil > now) refuse',
        to: 'if (life.frozenUntil > 0) refuse',
      },
    ],
    finding: /outcomes/,
    ...LIVING,
    within: WITHIN,
    first: 5,
  },
  {
    name: 'one guardian recovers a name',
    changes: [{ file: `${MODULES}/names/guardians.ts`, from: '< (least ?? guardians.enough)', to: '< (least ?? 1)' }],
    finding: /outcomes/,
    ...LIVING,
    within: WITHIN,
  },
  {
    name: 'a name comes free before its time',
    changes: [
      {
        file: `${MODULES}/names/life.ts`,
        from: 'return resolves + redemptionMs + pendingMs',
        to: 'return resolves + redemptionMs + 0 * pendingMs',
      },
    ],
    finding: /outcomes|names|phases/,
    ...LIVING,
    within: WITHIN,
  },
  {
    name: 'a reply to a motion is counted twice',
    changes: [
      {
        file: `${MODULES}/governance/motions.ts`,
        from: '(one) => counts(one) && !equalBytes(one.account, voice.account)',
        to: '(one) => counts(one)',
      },
    ],
    finding: /motions|outcomes/,
    ...GOVERNED,
    within: WITHIN,
    first: 5,
  },
  {
    name: 'whoever was removed is voted in again at once',
    changes: [
      {
        file: `${MODULES}/authority/reviewed.ts`,
        from: 'if (barredUntil(own, account) > time) refuse',
        to: 'if (barredUntil(own, account) > time + 0xffff_ffff) refuse',
      },
    ],
    finding: /outcomes|motions/,
    ...GOVERNED,
    within: WITHIN,
  },
  {
    name: 'what is held of a removed one is paid out and stays held',
    changes: [
      {
        file: `${MODULES}/governance/cases.ts`,
        from: 'const held = known.held - sum',
        to: 'const held = known.held',
      },
    ],
    finding: /cases|balances|outcomes/,
    ...GOVERNED,
    within: WITHIN,
    first: 5,
  },
  {
    name: 'a claim counts that half of the validators have seen',
    changes: [{ file: `${MODULES}/claims/claims.ts`, from: 'Said.SEEN) * 2 > n', to: 'Said.SEEN) * 2 >= n' }],
    finding: /claims|names|balances|outcomes/,
    ...LATER,
    sizes: [2, 4],
    within: WITHIN,
  },
  {
    name: 'the bond of a claim that was seen is lost',
    changes: [
      { file: `${MODULES}/claims/claims.ts`, from: "state === 'done' ? payer : payee, bond", to: 'payee, bond' },
    ],
    finding: /balances/,
    ...LATER,
    within: WITHIN,
  },
  {
    name: 'a claim takes a name from whoever has it',
    changes: [
      {
        file: `${MODULES}/names/given.ts`,
        from: 'if (currentOf(at, label)?.owner !== undefined) return',
        to: 'if (label.length === 0) return',
      },
    ],
    finding: /outcomes|names|one owner/,
    ...ALONE,
    within: WITHIN,
  },
  {
    name: 'a proof of a domain counts again',
    changes: [
      {
        file: `${MODULES}/claims/claims.ts`,
        from: '(readClaimed(own, label)?.inception ?? -1)',
        to: '-1',
      },
    ],
    finding: /outcomes/,
    ...LATER,
    within: WITHIN,
    first: 15,
  },
  {
    name: 'what a certifier has taken back still counts',
    changes: [
      {
        file: `${MODULES}/identity/identity.ts`,
        from: 'writeEndorsements(own, key, left)',
        to: 'writeEndorsements(own, key, all)',
      },
    ],
    finding: /identities/,
    ...LATER,
    within: WITHIN,
  },
  {
    name: 'a certifier vouches for who did not ask',
    changes: [
      {
        file: `${MODULES}/identity/identity.ts`,
        from: 'if (!scheme.verify(key, identityBytes(request, key)',
        to: 'if (key.length === 0 && !scheme.verify(key, identityBytes(request, key)',
      },
    ],
    finding: /outcomes/,
    ...LATER,
    within: WITHIN,
    first: 6,
  },
  {
    name: "a name that all keep back is anybody's",
    changes: [
      {
        file: `${MODULES}/names/operations.ts`,
        from: "if (only === null) refuse(NameCode.KEPT, 'kept back')",
        to: '',
      },
      {
        file: `${MODULES}/names/operations.ts`,
        from: 'if (only !== undefined && !equalBytes(only, owner)) refuse',
        to: 'if (only != null && !equalBytes(only, owner)) refuse',
      },
    ],
    finding: /outcomes/,
    ...KEEPING,
    within: WITHIN,
    first: 5,
  },
  {
    name: 'a vote that frees a name keeps it back',
    changes: [
      {
        file: `${MODULES}/names/rule-votes.ts`,
        from: 'keepName(call.own, label, isKept ? { owner } : undefined)',
        to: 'keepName(call.own, label, { owner })',
      },
    ],
    finding: /outcomes|kept/,
    ...KEEPING,
    within: WITHIN,
  },
  {
    name: 'rules of names hold before their height',
    changes: [
      {
        file: `${MODULES}/names/rule-votes.ts`,
        from: 'block.height + 1 < next.height',
        to: 'block.height + 30 < next.height',
      },
    ],
    finding: /rules|outcomes/,
    ...RULED,
    within: WITHIN,
  },
  {
    name: 'names from before there were terms have had theirs',
    changes: [
      {
        file: `${MODULES}/names/adopted.ts`,
        from: 'const expires = now + termMs',
        to: 'const expires = now + 0 * termMs',
      },
    ],
    finding: /names|outcomes/,
    ...ADOPTED,
    within: WITHIN,
  },
  {
    name: 'a title of somebody else counts',
    changes: [
      {
        file: `${MODULES}/names/titles.ts`,
        from: "holder !== undefined && equalBytes(readHash(holder, 'owner'), owner)",
        to: 'holder !== undefined && owner.length > 0',
      },
    ],
    finding: /outcomes/,
    ...ELSEWHERE,
    within: WITHIN,
    first: 5,
  },
  {
    name: 'a title is made of what nobody wishes',
    changes: [
      {
        file: `${MODULES}/names/titles.ts`,
        from: "if (!open.some((other) => isSame(other, one))) refuse(NameCode.NOT_NOW, 'nobody wishes it')",
        to: '',
      },
    ],
    finding: /outcomes|titles/,
    ...ELSEWHERE,
    within: WITHIN,
  },
]

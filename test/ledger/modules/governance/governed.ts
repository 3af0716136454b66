/** Blocks of a chain with members, somebody who leads, and an organisation that is no node. */
import { sortedValidators } from '../../../../src/chain/index.ts'
import { type CborValue, type Signer, sha256 } from '../../../../src/crypto/index.ts'
import {
  ACCOUNTS,
  ADMISSION,
  AUTHORITY,
  accountOf,
  accounts,
  admission,
  applications,
  authority,
  caseOf,
  complainPayload,
  GOVERNANCE,
  type GovernanceRules,
  governance,
  heldAccount,
  type LedgerModule,
  type MotionSubject,
  motionOf,
  motionsOf,
  networkNodeOf,
  proposePayload,
  type Reason,
  registries,
  replyPayload,
  rulesToValue,
} from '../../../../src/ledger/index.ts'
import { genesisOf, signerOf } from '../admission-world.ts'
import { ledgerBlocks } from '../ledger-blocks.ts'

export const EPOCH = 10
export const HOUR = 3_600_000
export const DAY = 24 * HOUR
export const BALANCE = 1_000

export const RULES: GovernanceRules = {
  complaints: 2,
  periodMs: 30 * DAY,
  motionMs: 7 * DAY,
  waitMs: DAY,
  repairMs: 7 * DAY,
  holdMs: 30 * DAY,
  promotion: false,
  text: '',
}

export interface GovernedOptions {
  readonly n?: number
  readonly chainName?: string
  readonly rules?: Partial<GovernanceRules>
  readonly modules?: readonly LedgerModule[]
  /** What modules begin with, besides. */
  readonly begins?: ReadonlyMap<number, CborValue>
}

export type Governed = ReturnType<typeof governed>

export function governed({
  n = 5,
  chainName = 'root',
  rules = {},
  modules = [governance],
  begins = new Map(),
}: GovernedOptions = {}) {
  const { genesis, validators } = genesisOf(n + 2, EPOCH)
  const people = validators.map(({ account }) => account)
  const members = people.slice(0, n)
  const [leader, stranger] = people.slice(n) as [Signer, Signer]
  const keys = members.map((_, i) => signerOf(`voting key ${i}`))
  const ids = validators.map(({ ringKey }) => sha256(ringKey))
  const set = sortedValidators(members.map((_, i) => ({ id: ids[i]!, publicKey: keys[i]!.publicKey })))
  const role = chainName === 'root' ? 4 : 5
  const nodes = [
    ...members.map((one, i) => [one.publicKey, 0, validators[i]!.ringKey, keys[i]!.publicKey]),
    [leader.publicKey, role, validators[n]!.ringKey, null],
  ]
  const blocks = ledgerBlocks({
    modules: [accounts, admission, authority, registries, applications, ...modules],
    validators: set,
    chainName,
    genesis: new Map<number, CborValue>([
      [ACCOUNTS, people.map((one) => [one.publicKey, BALANCE])],
      [ADMISSION, genesis],
      [AUTHORITY, [EPOCH, 31, nodes]],
      ...modules.map(({ id }): [number, CborValue] => [
        id,
        id === GOVERNANCE ? rulesToValue({ ...RULES, ...rules }) : (begins.get(id) ?? null),
      ]),
    ]),
  })
  const state = () => blocks.state()
  const world = {
    ...blocks,
    members,
    leader,
    stranger,
    ids,
    keys,
    people,
    complain: (by: Signer, of: Signer, reason: Reason = 'abnormal block', heights: readonly number[] = []) =>
      blocks.codes([by, complainPayload({ account: of.publicKey, reason, heights, text: 'see there' })])[0],
    propose: (by: Signer, subject: MotionSubject) => blocks.codes([by, proposePayload(subject)])[0],
    reply: (by: Signer, motion: number, inFavour = true) => blocks.codes([by, replyPayload(motion, inFavour)])[0],
    /** As many as are more than half, from the first on; `but` is left out. */
    decide(motion: number, but?: Signer): void {
      const voters = members.filter((one) => one !== but && networkNodeOf(state(), one.publicKey) !== undefined)
      for (const one of voters) if (motionOf(state(), motion)?.state === 'open') world.reply(one, motion)
    },
    open: () => motionsOf(state()).filter(({ state: now }) => now === 'open'),
    motion: (number: number) => motionOf(state(), number),
    isNode: (one: Signer) => networkNodeOf(state(), one.publicKey) !== undefined,
    balance: (one: Signer) => accountOf(state(), one.publicKey).balance,
    held: (one: Signer) => accountOf(state(), heldAccount(one.publicKey)).balance,
    /** Of all, what is held with it. */
    total: () => people.reduce((sum, one) => sum + world.balance(one) + world.held(one), 0),
    caseOf: (one: Signer) => caseOf(state(), one.publicKey),
    /** Blocks an hour apart. */
    wait(ms: number): void {
      for (let left = ms; left > 0; left -= HOUR) blocks.block([], { afterMs: Math.min(left, HOUR) })
    },
  }
  return world
}

export const remove = (account: Signer): MotionSubject => ({
  kind: 'remove',
  account: account.publicKey,
  reason: 'abnormal block',
  heights: [],
  text: '',
})

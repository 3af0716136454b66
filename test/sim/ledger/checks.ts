/** Whether what the modules keep says the same as the model, and what must stand under which key. */
import { toHex } from '../../../src/base/index.ts'
import { encodeCanonical } from '../../../src/crypto/index.ts'
import {
  ACCOUNTS,
  accountOf,
  activationsOf,
  allHidden,
  CLAIM_ESCROW,
  caseOf,
  complaintsOf,
  directoryEntryOf,
  encodeRecord,
  endorsersOf,
  everybodyOf,
  heldAccount,
  type LedgerState,
  linkedOf,
  moduleKey,
  motionOf,
  nameRecordOf,
  nameStateKey,
  networkNodes,
  tldOf,
} from '../../../src/ledger/index.ts'
import { ESCROW } from '../../../src/ledger/modules/names/escrow.ts'
import { Violation } from '../chain/checks.ts'
import { type Cast, KEPT, NEVER, TLDS } from './cast.ts'
import { CLAIMS_HELD } from './model/claims.ts'
import { heldRow } from './model/governance.ts'
import type { LedgerModel } from './model/model.ts'
import { ESCROW as HELD } from './model/terms.ts'

/** Throws a Violation where they differ. */
export function compare(state: LedgerState, model: LedgerModel, cast: Cast, where: string): void {
  compareAccounts(state, model, cast, where)
  compareAdmission(state, model, where)
  compareNodes(state, model, where)
  compareNames(state, model, cast, where)
  for (const label of TLDS) {
    const known = tldOf(state, label)
    const row = model.tlds.rows.get(toHex(label))
    const text = known && `${toHex(known.registry)} ${known.isLedgerOnly} ${known.changed}`
    same(
      text === (row && `${row.registry} ${row.isLedgerOnly} ${row.changed}`),
      `TLDs: not what was voted for at ${where}`,
    )
  }
  compareGovernance(state, model, cast, where)
  compareApplications(state, model, cast, where)
  for (const [origin, { size, time, isForked }] of model.links.rows) {
    const known = linkedOf(state, origin)
    const isSame = known?.size === size && known.time === time && known.isForked === isForked
    same(isSame, `links: not what the transactions say at ${where}`)
  }
}

function compareAccounts(state: LedgerState, { accounts }: LedgerModel, { actors }: Cast, where: string): void {
  let sum = 0
  for (const { account } of actors) {
    const { nonce, balance, today } = accountOf(state, account.publicKey)
    const row = accounts.of(toHex(account.publicKey))
    sum += balance
    same(balance === row.balance, `balances: an account has ${balance} and not ${row.balance} at ${where}`)
    same(nonce === row.nonce && today === row.today, `nonces: an account has ${nonce} and not ${row.nonce} at ${where}`)
  }
  const escrow = accountOf(state, ESCROW).balance
  const held = accounts.of(HELD).balance
  same(escrow === held, `balances: ${escrow} is held for names and not ${held} at ${where}`)
  const claimed = accountOf(state, CLAIM_ESCROW).balance
  const meant = accounts.of(CLAIMS_HELD).balance
  same(claimed === meant, `balances: ${claimed} is held for claims and not ${meant} at ${where}`)
  sum += escrow + claimed
  for (const { account } of actors) sum += accountOf(state, heldAccount(account.publicKey)).balance
  same(sum === accounts.left, `balances: there are ${sum} in all and not ${accounts.left} at ${where}`)
}

function compareAdmission(state: LedgerState, { admission }: LedgerModel, where: string): void {
  const said = endorsersOf(state).map(({ account, since, name }) => `${toHex(account)} ${since} ${name}`)
  const meant = admission.endorsers.map(({ account, since, name }) => `${account} ${since} ${name}`)
  same(String(said) === String(meant), `members: other endorsers at ${where}`)
  const admitted = everybodyOf(state).map(
    ({ account, ringKey, contact, endorsers }) =>
      `${toHex(account)} ${toHex(ringKey)} ${contact} ${endorsers.map(toHex).sort()}`,
  )
  const expected = [...admission.organisations]
    .filter(([account]) => admission.isAdmitted(account))
    .map(([account, { ringKey, contact }]) => {
      const by = admission.endorsersOf(account).map((one) => one.account)
      return `${account} ${ringKey} ${contact} ${by.sort()}`
    })
  same(String(admitted.sort()) === String(expected.sort()), `members: not who was endorsed at ${where}`)
}

function compareNodes(state: LedgerState, { nodes }: LedgerModel, where: string): void {
  const said = networkNodes(state)
  const text = ({ account, role, joined, voting }: { account: string; role: string; joined: number; voting: string }) =>
    `${account} ${role} ${joined} ${voting}`
  const there = said.map(({ account, voting, ...one }) =>
    text({ ...one, account: toHex(account), voting: voting === undefined ? '' : toHex(voting.id) + toHex(voting.key) }),
  )
  const meant = nodes.nodes.map(({ voting, ...one }) =>
    text({ ...one, voting: voting === undefined ? '' : voting.id + voting.key }),
  )
  same(String(there) === String(meant), `nodes: not who was voted for at ${where}`)
  for (const { isSeated, voting, role } of said)
    same(
      !isSeated || (voting !== undefined && !/coordinator|regulator/.test(role)),
      `seats: one without a key at ${where}`,
    )
}

function compareNames(state: LedgerState, { names }: LedgerModel, { labels }: Cast, where: string): void {
  for (const label of [...labels, NEVER, KEPT]) {
    const known = nameRecordOf(state, label)
    const meant = names.records.get(toHex(label))
    const isSame =
      known === undefined || meant === undefined
        ? known === meant
        : toHex(encodeRecord(known)) === toHex(encodeRecord(meant))
    same(isSame, `names: ${new TextDecoder().decode(label)} is not what was registered at ${where}`)
  }
}

function compareGovernance(
  state: LedgerState,
  { governance, accounts, nodes }: LedgerModel,
  cast: Cast,
  where: string,
): void {
  const voices = (all: readonly { readonly account: string }[]) => all.map(({ account }) => account).sort()
  for (const row of governance.motions.values()) {
    const known = motionOf(state, row.number)
    const said = (side: readonly { readonly account: Uint8Array }[] = []) =>
      voices(side.map(({ account }) => ({ account: toHex(account) })))
    const text =
      known && `${known.subject.kind} ${known.state} ${known.until} ${said(known.inFavour)} ${said(known.against)}`
    const { subject, state: end, until, yes, no } = row
    same(
      text === `${subject.kind} ${end} ${until} ${voices(yes)} ${voices(no)}`,
      `motions: number ${row.number} is not what was voted for at ${where}`,
    )
  }
  same(motionOf(state, governance.motions.size + 1) === undefined, `motions: one that nobody made at ${where}`)
  for (const { account } of cast.actors) {
    const key = toHex(account.publicKey)
    const known = caseOf(state, account.publicKey)
    const row = governance.cases.get(key)
    const text =
      known && `${known.motion} ${known.held} ${known.paid} ${known.isRepaired} ${known.isSettled} ${known.barredUntil}`
    const meant =
      row && `${row.motion} ${row.held} ${row.paid} ${row.isRepaired} ${row.isSettled} ${nodes.barred.get(key) ?? 0}`
    same(text === meant, `cases: not as it was decided at ${where}: ${text}, not ${meant}`)
    const held = accountOf(state, heldAccount(account.publicKey)).balance
    same(held === accounts.of(heldRow(key)).balance, `balances: ${held} of a removed one is held at ${where}`)
    const complaints = complaintsOf(state, account.publicKey).map(
      ({ by, since, time }) => `${toHex(by)} ${since} ${time}`,
    )
    const made = (governance.complaints.get(key) ?? []).map(({ by, since, time }) => `${by} ${since} ${time}`)
    same(String(complaints) === String(made), `complaints: not what was said at ${where}`)
  }
  const hidden = allHidden(state).map(({ label, since, motion }) => `${toHex(label)} ${since} ${motion}`)
  const meant = [...governance.hidden].map(([label, { since, motion }]) => `${label} ${since} ${motion}`)
  same(String(hidden.sort()) === String(meant.sort()), `hidden: not the names that all have hidden at ${where}`)
}

function compareApplications(state: LedgerState, { applications }: LedgerModel, { labels }: Cast, where: string): void {
  const said = activationsOf(state).map(({ module, height }) => `${module} ${height}`)
  const meant = applications.activations.map(({ module, height }) => `${module} ${height}`)
  same(String(said) === String(meant), `modules: others are activated than were voted for at ${where}`)
  for (const label of labels) {
    const known = directoryEntryOf(state, label)
    const row = applications.entries.get(toHex(label))
    const text = known && `${toHex(known.owner)} ${toHex(known.value)} ${known.sequence}`
    same(
      text === (row && `${row.owner} ${row.value} ${row.sequence}`),
      `modules: not the entry that was put at ${where}`,
    )
  }
}

/** By the hex of the key: names and accounts; what is not there must be shown as absent. */
export function expectedOf(
  { names, accounts }: LedgerModel,
  { labels, actors }: Cast,
): ReadonlyMap<string, Uint8Array> {
  const expected = new Map<string, Uint8Array>()
  for (const label of labels) {
    const record = names.records.get(toHex(label))
    if (record !== undefined) expected.set(toHex(nameStateKey(label)), encodeRecord(record))
  }
  for (const { account } of actors) {
    const row = accounts.rows.get(toHex(account.publicKey))
    if (row === undefined) continue
    const value = encodeCanonical([row.nonce, row.balance, row.day, row.today])
    expected.set(toHex(accountKey(account.publicKey)), value)
  }
  return expected
}

export function accountKey(account: Uint8Array): Uint8Array {
  return moduleKey(ACCOUNTS, account)
}

function same(is: boolean | undefined, otherwise: string): void {
  if (is !== true) throw new Violation(otherwise)
}

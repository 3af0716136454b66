/** Whether claims of domains and identities stand in the state as the model says. */
import { fromHex, toHex } from '../../../src/base/index.ts'
import {
  CLAIMS,
  certifiersIn,
  claimedNameOf,
  claimFromBytes,
  claimKeys,
  claimRulesOf,
  type LedgerState,
  moduleKey,
  vouchedFor,
} from '../../../src/ledger/index.ts'
import { Violation } from '../chain/checks.ts'
import { type Cast, hex } from './cast.ts'
import { type ClaimRow, saying } from './model/claims.ts'
import type { LedgerModel } from './model/model.ts'

/** Where it is looked at: after a block. */
export interface Place {
  /** Unix ms of the block. */
  readonly time: number
  readonly where: string
}

/** Throws a Violation where they differ. */
export function compareClaims(state: LedgerState, model: LedgerModel, cast: Cast, { time, where }: Place): void {
  compareRows(state, model, where)
  compareClaimed(state, model, cast, where)
  compareIdentities(state, model, cast, { time, where })
}

function compareRows(state: LedgerState, { claims }: LedgerModel, where: string): void {
  const at = (number: number) => state.get(moduleKey(CLAIMS, claimKeys.claim(number)))
  for (const [number, row] of claims.rows) {
    const value = at(number)
    same(
      value !== undefined && textOf(claimFromBytes(value)) === meant(row),
      `claims: number ${number} is not what was seen of it at ${where}`,
    )
  }
  same(at(claims.rows.size + 1) === undefined, `claims: one that nobody made at ${where}`)
}

function textOf(claim: ReturnType<typeof claimFromBytes>): string {
  const whose = `${toHex(claim.label)} ${toHex(claim.owner)} ${claim.method}`
  if ('state' in claim) return `${whose} ${claim.state} ${claim.seen} ${claim.notSeen} ${claim.observers}`
  const { said, observers, price, bond, payer, until } = claim
  const count = (what: number) => said.filter((one) => one === what).length
  return `${whose} open ${count(1)} ${count(2)} ${observers.length} ${price} ${bond} ${toHex(payer)} ${until}`
}

function meant(row: ClaimRow): string {
  const { label, owner, method, state, observers, price, bond, payer, until } = row
  const common = `${label} ${owner} ${method} ${state} ${saying(row, true)} ${saying(row, false)} ${observers.length}`
  return state === 'open' ? `${common} ${price} ${bond} ${payer} ${until}` : common
}

function compareClaimed(
  state: LedgerState,
  { claims, names }: LedgerModel,
  { labels, domains }: Cast,
  where: string,
): void {
  const rules = claimRulesOf(state)
  const anchors = rules?.anchors.map(toHex)
  same(
    anchors === undefined || String(anchors) === String(domains.anchors(claims.roots).map(toHex)),
    `claims: other keys of the root than were voted for at ${where}`,
  )
  for (const label of labels) {
    const generation = names.records.get(toHex(label))?.generation
    if (generation === undefined) continue
    const known = claimedNameOf(state, label, generation)
    const row = claims.claimed.get(toHex(label))
    const isOfNow = row?.generation === generation
    const text = known && `${known.method} ${known.inception}`
    same(
      text === (isOfNow ? `${row.method} ${row.inception}` : undefined),
      `claims: a name is not known as claimed at ${where}`,
    )
  }
}

function compareIdentities(state: LedgerState, { identity }: LedgerModel, cast: Cast, { time, where }: Place): void {
  const said = certifiersIn(state).map(({ account, name, since }) => `${toHex(account)} ${name} ${since}`)
  const rows = identity.certifiers.map(({ account, name, since }) => `${account} ${name} ${since}`)
  same(String(said) === String(rows), `identities: other certifiers than were voted for at ${where}`)
  for (const owner of cast.owners) {
    const key = hex(owner)
    const known = vouchedFor(state, fromHex(key), time).map(
      ({ certifier, name, until }) => `${toHex(certifier.account)} ${certifier.since} ${name} ${until}`,
    )
    const row = identity
      .vouchedFor(key, time)
      .map(({ certifier, since, name, until }) => `${certifier} ${since} ${name} ${until}`)
    same(String(known) === String(row), `identities: somebody else vouches for a key at ${where}`)
  }
}

function same(is: boolean, otherwise: string): void {
  if (!is) throw new Violation(otherwise)
}

/** The life of a name for the command line: what it is up to, what an act costs, when it takes effect, and how it can be undone until then. */
import { ChordnsError, compareBytes, fromHex, toHex } from '../../base/index.ts'
import type { Signer } from '../../crypto/index.ts'
import {
  cancelPayload,
  encodePayload,
  feeOf,
  freeAt,
  freezePayload,
  type Guardians,
  guardianStatements,
  guardiansCancelPayload,
  guardiansFromValue,
  guardiansHash,
  lockPayload,
  type NamePolicy,
  type NameRecord,
  type NameSettings,
  type NextPolicy,
  nextPolicyFromBytes,
  nextPolicyStateKey,
  type PendingAct,
  phaseOf,
  policyFromBytes,
  policyStateKey,
  premiumOf,
  type Registration,
  recoverPayload,
  registerTermPayload,
  renewPayload,
  restorePayload,
  rollOwnerPayload,
  type ShownPage,
  setGuardiansPayload,
  signAsGuardians,
} from '../../ledger/index.ts'
import { type DomainPlace, statementAt } from './domains.ts'

/** What an act costs and does: for people, before and after it is sent. */
export interface ActTerms {
  /** In the chain's units; the carrier's account pays. */
  readonly cost: number
  /** ISO; null: at once. */
  readonly effective: string | null
  readonly undo: string
}

/** Of the policy in the state, hex. */
export const policyKey = toHex(policyStateKey)

/** Undefined: names of this chain have no end and no price. Throws LEDGER_MALFORMED. */
export function domainPolicy(value: string | null): NamePolicy | undefined {
  return value === null ? undefined : policyFromBytes(fromHex(value))
}

/** Of the policy that waits for its height, hex. */
export const nextPolicyKey = toHex(nextPolicyStateKey)

/** Undefined: none waits. Throws LEDGER_MALFORMED. */
export function nextDomainPolicy(value: string | null): NextPolicy | undefined {
  return value === null ? undefined : nextPolicyFromBytes(fromHex(value))
}

export interface LifeSummary {
  readonly phase: string
  readonly expires: string
  readonly resolvesUntil: string
  readonly freeAt: string
  readonly locked: boolean
  readonly lockedUntil: string | null
  readonly frozenUntil: string | null
  /** Hash. */
  readonly guardians: string | null
  readonly pending: { readonly what: string; readonly at: string; readonly to: string | null } | null
  /** Of a free name, now. */
  readonly premium: number
}

export function describeLife(record: NameRecord, policy: NamePolicy, now: number): LifeSummary | undefined {
  const { life, expires } = record
  if (life === undefined) return undefined
  const after = (at: number) => (at > now ? iso(at) : null)
  return {
    phase: phaseOf(record, policy, now),
    expires: iso(expires),
    resolvesUntil: iso(life.resolves),
    freeAt: iso(freeAt(life, policy)),
    locked: life.isLocked,
    lockedUntil: after(life.lockedUntil),
    frozenUntil: after(life.frozenUntil),
    guardians: life.guardians === undefined ? null : toHex(life.guardians),
    pending: life.pending === undefined ? null : pendingSummary(life.pending),
    premium: record.owner === undefined ? premiumOf(record, policy, now) : 0,
  }
}

function pendingSummary(act: PendingAct) {
  return { what: act.kind, at: iso(act.at), to: 'to' in act ? toHex(act.to) : null }
}

/** What a registration or renewal costs now. */
export function priceNow(policy: NamePolicy, { label }: DomainPlace, terms: number, record?: NameRecord): number {
  return feeOf(policy, label, terms) + (record === undefined ? 0 : premiumOf(record, policy, Date.now()))
}

const CANCEL = 'chordns domain cancel NAME --owner FILE'

/** In words, for each act; `now`: unix ms. */
export const actTerms = {
  register: (policy: NamePolicy, cost: number): ActTerms => ({
    cost,
    effective: null,
    undo: `it cannot be undone; an earlier commit may take it within an hour, and then all is paid back. One term is ${days(policy.termMs)}`,
  }),
  renew: (cost: number): ActTerms => ({ cost, effective: null, undo: 'it cannot be undone' }),
  transfer: (policy: NamePolicy, now: number): ActTerms => later(now + policy.transferMs),
  release: (policy: NamePolicy, now: number): ActTerms => later(now + policy.transferMs),
  lock: (): ActTerms => ({ cost: 0, effective: null, undo: 'chordns domain unlock NAME --owner FILE' }),
  unlock: (policy: NamePolicy, now: number): ActTerms => later(now + policy.transferMs),
  rollOwner: (policy: NamePolicy, now: number): ActTerms => later(now + policy.holdMs),
  guardians: (policy: NamePolicy, record: NameRecord, now: number): ActTerms =>
    record.life?.guardians === undefined
      ? { cost: 0, effective: null, undo: 'name other guardians: that takes effect after the hold-down' }
      : later(now + policy.holdMs),
  freeze: (until: number): ActTerms => ({
    cost: 0,
    effective: null,
    undo: `it ends by itself at ${iso(until)}, or when enough guardians sign chordns domain cancel`,
  }),
  recover: (policy: NamePolicy, guardians: Guardians, now: number): ActTerms => ({
    cost: 0,
    effective: iso(now + Math.max(guardians.delayMs, policy.guardMs)),
    undo: `${CANCEL}, as long as no guardian has frozen it; or enough guardians sign the same`,
  }),
  cancel: (): ActTerms => ({ cost: 0, effective: null, undo: 'begin again what was cancelled' }),
}

function later(at: number): ActTerms {
  return { cost: 0, effective: iso(at), undo: CANCEL }
}

/** Payloads of owners and payers, in bytes. */
export const lifePayloads = {
  register: (
    owner: Signer,
    registration: Registration,
    settings: NameSettings,
    { terms, isMovable, guardians, most, page }: RegisterWishes,
  ) =>
    encodePayload(
      registerTermPayload(owner, registration, {
        settings,
        most,
        page,
        wishes: { terms, isMovable, guardians: guardians && guardiansHash(guardians) },
      }),
    ),
  renew: ({ label }: DomainPlace, { generation }: NameRecord, terms: number, most: number) =>
    encodePayload(renewPayload(label, generation, terms, most)),
  restore: (owner: Signer, place: DomainPlace, record: NameRecord, terms: number, most: number) =>
    encodePayload(restorePayload(owner, statementAt(place, record), terms, most)),
  lock: (owner: Signer, place: DomainPlace, record: NameRecord, isLocked: boolean) =>
    encodePayload(lockPayload(owner, statementAt(place, record), isLocked)),
  cancel: (owner: Signer, place: DomainPlace, record: NameRecord) =>
    encodePayload(cancelPayload(owner, statementAt(place, record))),
  rollOwner: (owner: Signer, place: DomainPlace, record: NameRecord, to: string) =>
    encodePayload(rollOwnerPayload(owner, statementAt(place, record), fromHex(to))),
  guardians: (owner: Signer, place: DomainPlace, record: NameRecord, guardians: Guardians | undefined) =>
    encodePayload(setGuardiansPayload(owner, statementAt(place, record), guardians && guardiansHash(guardians))),
} satisfies Readonly<Record<string, (...parts: never[]) => Uint8Array>>

export interface RegisterWishes {
  readonly terms: number
  readonly isMovable: boolean
  readonly guardians: Guardians | undefined
  readonly most: number
  /** Where the chain asks for one. */
  readonly page?: ShownPage | undefined
}

const FORMAT = 'chordns/guardians/1'

/** Keys in hex, in any order. Throws LEDGER_MALFORMED. */
export function guardiansOf(
  keys: readonly string[],
  rest: Pick<Guardians, 'enough' | 'delayMs' | 'keyWins'>,
): Guardians {
  const sorted = keys.map(fromHex).sort(compareBytes)
  return guardiansFromValue([rest.enough, rest.delayMs, rest.keyWins, sorted])
}

/** The file that owner and guardians keep: without it nobody knows whom the hash on the ledger means. */
export function guardiansText({ enough, delayMs, keyWins, keys }: Guardians): string {
  const file = { format: FORMAT, enough, delayMs, keyWins, keys: keys.map(toHex) }
  return `${JSON.stringify(file, undefined, 2)}\n`
}

/** Throws USAGE, LEDGER_MALFORMED. */
export function parseGuardians(file: string, text: string): Guardians {
  const { format, enough, delayMs, keyWins, keys } = jsonOf(file, text)
  const isOne = format === FORMAT && typeof enough === 'number' && typeof delayMs === 'number' && Array.isArray(keys)
  if (!isOne || typeof keyWins !== 'boolean' || !keys.every((one) => /^[0-9a-f]{64}$/.test(String(one))))
    throw usage(`${file} is no file of guardians: see chordns domain guardians`)
  return guardiansOf(keys.map(String), { enough, delayMs, keyWins })
}

/** What guardians sign, each where he is, and what is carried once there are enough of them. */
export type GuardedAct =
  | { readonly kind: 'freeze'; readonly until: number }
  | { readonly kind: 'recover'; readonly to: string }
  | { readonly kind: 'cancel' }

export interface SignedByGuardian {
  /** Hex. */
  readonly key: string
  readonly signature: string
}

/** The bytes that all guardians sign for an act on the name as it is now. */
export function guardedBytes({ chainId, label }: DomainPlace, record: NameRecord, act: GuardedAct): Uint8Array {
  const place = { chainId, label, generation: record.generation, round: record.life?.round ?? 0 }
  if (act.kind === 'freeze') return guardianStatements.freeze(place, act.until)
  return act.kind === 'cancel' ? guardianStatements.cancel(place) : guardianStatements.recover(place, fromHex(act.to))
}

export function signGuarded(guardians: Guardians, signer: Signer, bytes: Uint8Array): SignedByGuardian {
  const [one] = signAsGuardians(guardians, [signer], bytes).signatures
  return { key: toHex(signer.publicKey), signature: toHex(one!.signature) }
}

/** Throws USAGE: a signature of somebody else. */
export function guardedPayload(
  { label }: DomainPlace,
  act: GuardedAct,
  guardians: Guardians,
  signed: readonly SignedByGuardian[],
): Uint8Array {
  const byPlace = new Map(
    signed.map(({ key, signature }) => {
      const place = guardians.keys.findIndex((one) => toHex(one) === key)
      if (place === -1) throw usage(`${key} is not one of the guardians`)
      return [place, fromHex(signature)] as const
    }),
  )
  const signatures = [...byPlace].sort(([a], [b]) => a - b).map(([place, signature]) => ({ place, signature }))
  const proof = { guardians, signatures }
  if (act.kind === 'freeze') return encodePayload(freezePayload(label, act.until, proof))
  const recovered = () => recoverPayload(label, fromHex((act as { to: string }).to), proof)
  return encodePayload(act.kind === 'cancel' ? guardiansCancelPayload(label, proof) : recovered())
}

const SIGNED = 'chordns/guardian-signature/1'

/** A file that a guardian hands over. `act`: so that nobody adds up signatures for two acts. */
export function signedText(act: GuardedAct, signed: readonly SignedByGuardian[]): string {
  return `${JSON.stringify({ format: SIGNED, act, signed }, undefined, 2)}\n`
}

/** Throws USAGE. */
export function parseSigned(file: string, text: string, act: GuardedAct): readonly SignedByGuardian[] {
  const { format, act: said, signed } = jsonOf(file, text)
  if (format !== SIGNED || !Array.isArray(signed)) throw usage(`${file} has no signature of a guardian in it`)
  if (JSON.stringify(said) !== JSON.stringify(act)) throw usage(`${file} was signed for something else`)
  const isOne = (one: unknown): one is SignedByGuardian => {
    const { key, signature } = (one ?? {}) as Partial<Record<keyof SignedByGuardian, unknown>>
    return /^[0-9a-f]{64}$/.test(String(key)) && /^[0-9a-f]{128}$/.test(String(signature))
  }
  if (!signed.every(isOne)) throw usage(`${file}: a malformed signature`)
  return signed
}

/** `90s`, `48h`, `30d`, `1y`. Throws USAGE. */
export function durationMs(what: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(s|m|h|d|y)$/.exec(text)
  if (match === null) throw usage(`${what} ${text}: must be a number with s, m, h, d or y, as 30d`)
  const unit = { s: 1, m: 60, h: 3_600, d: 86_400, y: 365 * 86_400 }[match[2] as 's' | 'm' | 'h' | 'd' | 'y']
  return Math.round(Number(match[1]) * unit * 1_000)
}

function jsonOf(file: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  } catch {
    // Said below.
  }
  throw usage(`${file} is not JSON`)
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

function days(ms: number): string {
  return ms < 86_400_000 ? `${ms / 1_000} s` : `${Math.round(ms / 86_400_000)} days`
}

function usage(message: string) {
  return new ChordnsError('USAGE', message, {})
}

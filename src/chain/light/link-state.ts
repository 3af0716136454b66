/** What a ledger keeps of the chains that it links, as bytes in its state, and what payloads 1, 2, 7 and 8 do to it. Pure: all validators come to the same. */
import { equalBytes } from '../../base/index.ts'
import { type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { type Genesis, ledgerChainId } from '../blocks/genesis.ts'
import { setRoot } from '../blocks/set-root.ts'
import { limits } from '../limits.ts'
import { originOf } from '../notes/checkpoint.ts'
import { malformed, readCbor, readHash, readHeight, readInteger, readMap } from '../reading.ts'
import { emptyHistory, historyRoot } from '../trees/history.ts'
import type { Validator } from '../types.ts'
import { decodeHeaderFork, headerForkSigners } from './header-forks.ts'
import {
  decodeLink,
  decodeNoteFork,
  forkSigners,
  type Linked,
  type LinkRefusal,
  type LinkVerdict,
  linkVerdict,
  renewalVerdict,
} from './links.ts'
import { isExpired, type LightRules } from './trust.ts'

/** A chain that was shown to be forked is linked no more. */
export interface LinkedRecord extends Linked {
  readonly isForked: boolean
}

/** Before the first link. */
export function beginLinked(genesis: Genesis): LinkedRecord {
  return {
    chainId: ledgerChainId(genesis),
    origin: originOf(genesis.ringId, genesis.name),
    size: 0,
    root: historyRoot(emptyHistory),
    time: genesis.time,
    nextSetRoot: setRoot(genesis.validators),
    isForked: false,
  }
}

export function encodeLinked({ chainId, size, root, time, nextSetRoot, isForked }: LinkedRecord): Uint8Array {
  return encodeCanonical(
    new Map<number, CborValue>([
      [0, 1],
      [1, chainId],
      [2, size],
      [3, root],
      [4, time],
      [5, nextSetRoot],
      [6, isForked ? 1 : 0],
    ]),
  )
}

/** `origin`: under which the record stands. Throws CHAIN_MALFORMED. */
export function decodeLinked(bytes: Uint8Array, origin: string): LinkedRecord {
  const fields = readMap(readCbor(bytes, limits.MAX_LINK_RECORD_BYTES, 'linked chain'), 'linked chain')
  if (fields.get(0) !== 1 || fields.size !== 7) throw malformed('a linked chain of another version')
  return {
    origin,
    chainId: readHash(fields.get(1), 'chain id'),
    size: readHeight(fields.get(2)),
    root: readHash(fields.get(3), 'root'),
    time: readInteger(fields.get(4), 0, Number.MAX_SAFE_INTEGER, 'time'),
    nextSetRoot: readHash(fields.get(5), 'root of a set'),
    isForked: readInteger(fields.get(6), 0, 1, 'whether it is forked') === 1,
  }
}

export type LinkOutcome =
  | { readonly kind: 'linked'; readonly record: LinkedRecord }
  | { readonly kind: 'refused'; readonly reason: LinkRefusal | 'forked' }

/** Payload 1. Throws CHAIN_MALFORMED. */
export function applyLink(
  rules: LightRules,
  record: LinkedRecord,
  payload: Uint8Array,
  blockTime: number,
): LinkOutcome {
  return applied(record, () => linkVerdict(rules, record, decodeLink(payload), blockTime))
}

/** What a vote of payload 7 is about, its link being given as payload 1: where a link begins anew whose term is over. Throws CHAIN_MALFORMED. */
export function applyRenewal(
  rules: LightRules,
  record: LinkedRecord,
  payload: Uint8Array,
  blockTime: number,
): LinkOutcome {
  return applied(record, () => renewalVerdict(rules, record, decodeLink(payload), blockTime))
}

function applied(record: LinkedRecord, verdictOf: () => LinkVerdict): LinkOutcome {
  if (record.isForked) return { kind: 'refused', reason: 'forked' }
  const verdict = verdictOf()
  return verdict.kind === 'linked' ? { kind: 'linked', record: { ...record, ...verdict.linked } } : verdict
}

export type ForkOutcome =
  /** `signers`: who cosigned both. */
  | { readonly kind: 'forked'; readonly record: LinkedRecord; readonly signers: readonly Validator[] }
  | { readonly kind: 'refused'; readonly reason: 'another log' | 'set' | 'no fork' | 'expired' }

/** Payload 2. Throws CHAIN_MALFORMED. */
export function applyNoteFork(
  rules: LightRules,
  record: LinkedRecord,
  payload: Uint8Array,
  blockTime: number,
): ForkOutcome {
  const fork = decodeNoteFork(payload)
  return forked(rules, record, { ...fork, lastSet: fork.validators }, blockTime, () => forkSigners(rules, fork))
}

/** Payload 8. Throws CHAIN_MALFORMED. */
export function applyHeaderFork(
  rules: LightRules,
  record: LinkedRecord,
  payload: Uint8Array,
  blockTime: number,
): ForkOutcome {
  const fork = decodeHeaderFork(payload)
  return forked(rules, record, fork, blockTime, () => headerForkSigners(rules, record.chainId, fork))
}

/** Whose term is over is believed nothing: keys of a set that is long gone are for sale, and this would end the links of an honest chain. */
function forked(
  rules: LightRules,
  record: LinkedRecord,
  { origin, lastSet }: { readonly origin: string; readonly lastSet: readonly Validator[] },
  blockTime: number,
  signersOf: () => readonly Validator[] | undefined,
): ForkOutcome {
  const refused = (reason: Extract<ForkOutcome, { kind: 'refused' }>['reason']): ForkOutcome => ({
    kind: 'refused',
    reason,
  })
  if (origin !== record.origin) return refused('another log')
  if (isExpired(rules, record, blockTime)) return refused('expired')
  if (!equalBytes(setRoot(lastSet), record.nextSetRoot)) return refused('set')
  const signers = signersOf()
  if (signers === undefined) return refused('no fork')
  return { kind: 'forked', record: { ...record, isForked: true }, signers }
}

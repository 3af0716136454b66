/**
 * A domain's text, proven by DNSSEC alone: all sets from the keys of the root down to the text, each with one signature, in the order in which they
 * are checked (as RFC 9102 has them on the wire). The verdict is a function of the bytes, the anchors and the time, so that all validators agree.
 */
import { Budget, isChordnsError } from '../../../base/index.ts'
import type { CborField, CborValue } from '../../../crypto/index.ts'
import { Class, isSubdomain, type Name, nameFromWire, ROOT, type RRset, sameName, Type } from '../../../dns/index.ts'
import { validateDnskeySet, verifyRRset, type ZoneKey } from '../../../dnssec/index.ts'
import { ledgerReader, malformed } from '../../refusal.ts'
import { ClaimCode } from './kinds.ts'
import { limits } from './limits.ts'

const { readRow, readList, readBytes, readInteger } = ledgerReader

export interface ProvenSet {
  readonly name: Name
  readonly type: number
  /** RDATA. */
  readonly records: readonly Uint8Array[]
  /** RDATA of the one RRSIG that is checked. */
  readonly signature: Uint8Array
}

/** [[name in wire form, type, [RDATA, ...], RDATA of the RRSIG], ...]. */
export function setsToValue(sets: readonly ProvenSet[]): CborValue {
  return sets.map(({ name, type, records, signature }) => [name.wire, type, [...records], signature])
}

/** Throws LEDGER_MALFORMED. */
export function setsFromValue(value: CborField): ProvenSet[] {
  let bytes = 0
  const counted = (field: CborField, most: number, what: string) => {
    const part = readBytes(field, 1, most, what)
    bytes += part.length
    if (bytes > limits.MAX_PROOF_BYTES) throw malformed('a proof that is too large')
    return part
  }
  return readList(value, limits.MAX_SETS, 'sets', (one) => {
    const [wire, type, records, signature] = readRow(one, 4, 'set')
    return {
      name: nameOf(counted(wire, 255, 'name')),
      type: readInteger(type, 1, 0xffff, 'type'),
      records: readList(records, limits.MAX_RECORDS, 'records', (rdata) =>
        counted(rdata, limits.MAX_RDATA_BYTES, 'record'),
      ),
      signature: counted(signature, limits.MAX_SIGNATURE_BYTES, 'signature'),
    }
  })
}

function nameOf(wire: Uint8Array): Name {
  try {
    return nameFromWire(wire)
  } catch (cause) {
    throw malformed('name', cause)
  }
}

/**
 * RSA of the root and of many TLDs, with SHA-256 and SHA-512; ECDSA; Ed25519. All of it is checked by one library of one release of Node, within
 * sizes that `crypto` sets: what is outside of them counts for nobody.
 */
const ALGORITHMS: ReadonlySet<number> = new Set([8, 10, 13, 14, 15])
const DIGESTS: ReadonlySet<number> = new Set([2, 4])

export type SetsVerdict =
  | {
      readonly ok: true
      /** RDATA of the last set. */
      readonly texts: readonly Uint8Array[]
      /** When the signature of the last set begins to count, unix seconds. */
      readonly inception: number
    }
  | { readonly ok: false; readonly code: number; readonly word: string }

export interface ProofRules {
  /** DS records of the root. */
  readonly anchors: readonly Uint8Array[]
  /** The owner of the TXT set. */
  readonly name: Name
  /** Unix seconds. */
  readonly now: number
}

/** Whether the sets prove the TXT set of `name`: keys of the root, then for each zone on the way DS and keys, then the text. */
export function setsVerdict(sets: readonly ProvenSet[], { anchors, name, now }: ProofRules): SetsVerdict {
  const most = limits.MAX_CHECKS
  const budget = new Budget({ queries: 0, bytes: 0, timeMs: 1, signatures: most, hashes: most }, () => 0)
  try {
    return verdictOf(sets, { anchors, name, now }, budget)
  } catch (error) {
    if (!isChordnsError(error, 'BUDGET_SPENT')) throw error
    return unproven('more checks than one proof may cost')
  }
}

function verdictOf(sets: readonly ProvenSet[], { anchors, name, now }: ProofRules, budget: Budget): SetsVerdict {
  const rules = { algorithms: ALGORITHMS, digests: DIGESTS, now }
  let zone = ROOT
  let trust = anchors
  let keys: readonly ZoneKey[] = []
  for (const [index, set] of sets.entries()) {
    const isLast = index === sets.length - 1
    if (!isLast && index % 2 === 0) {
      if (set.type !== Type.DNSKEY || !sameName(set.name, zone)) return wrong('keys of a zone are missing')
      const far = Number.MAX_SAFE_INTEGER
      const link = validateDnskeySet(zone, rrsetOf(set), { ds: trust, keys: [] }, far, rules, budget)
      if (link.status !== 'secure') return unproven('keys that are not signed by a trusted one')
      keys = link.keys
      continue
    }
    const isBelow = isSubdomain(set.name, zone) && !sameName(set.name, zone) && isSubdomain(name, set.name)
    // Signed by the domain itself: keys of its parent alone are not its holder's word.
    const isText = isLast && set.type === Type.TXT && sameName(set.name, name) && zone.labels === name.labels - 1
    const isCut = !isLast && set.type === Type.DS && isBelow && !sameName(set.name, name)
    if (index % 2 === 0 || !(isText || isCut)) return wrong('sets that do not lead to the text')
    const rrset = rrsetOf(set)
    const signed = verifyRRset({ rrset, zone, keys: [...keys], now, budget })
    if (!signed.ok) return unproven(isText ? 'a text that is not signed' : 'a DS set that is not signed')
    // Expanded from a wildcard: it would have to be shown that the name itself is not there.
    if (signed.wildcard !== undefined) return unproven('a wildcard')
    if (isText) return { ok: true, texts: set.records, inception: inceptionOf(set.signature, now) }
    zone = set.name
    trust = set.records
  }
  return wrong('no text')
}

/** Serial arithmetic around now (RFC 4034 section 3.1.5). */
function inceptionOf(rrsig: Uint8Array, now: number): number {
  const inception = new DataView(rrsig.buffer, rrsig.byteOffset).getUint32(12)
  return now + ((inception - now) | 0)
}

function rrsetOf({ name, type, records, signature }: ProvenSet): RRset {
  return { name, type, class: Class.IN, ttl: 0, rdatas: records, signatures: [signature] }
}

function wrong(word: string): SetsVerdict {
  return { ok: false, code: ClaimCode.WRONG_SETS, word }
}

function unproven(word: string): SetsVerdict {
  return { ok: false, code: ClaimCode.UNPROVEN, word }
}

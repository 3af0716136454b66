/** Checking the signatures of one RRset: RFC 4035 section 5.3, RFC 4034 section 3.1.8.1. */
import { concatBytes, isChordnsError } from '../../base/index.ts'
import { type DnssecVerifier, dnssecVerifier } from '../../crypto/index.ts'
import {
  canonicalName,
  canonicalRRset,
  Ede,
  type ExtendedError,
  isSubdomain,
  isWildcard,
  type Name,
  nameToText,
  prependLabel,
  type RRset,
  sameName,
  suffixName,
  Type,
  type ViewOf,
  viewRdata,
} from '../../dns/index.ts'
import { limits } from '../limits.ts'
import type { SigningZone, ZoneKey } from '../types.ts'
import { bogus, keyText, setText, why } from '../why.ts'

export interface Signature extends ViewOf<typeof Type.RRSIG> {
  readonly rdata: Uint8Array
}

export interface VerifyInput extends SigningZone {
  readonly rrset: RRset
}

export type Verified =
  | {
      readonly ok: true
      /** Seconds: the least of TTL, original TTL, and what is left of the signature (RFC 4035 section 5.3.3). */
      readonly ttl: number
      /** The wildcard that the set was expanded from: then it must still be shown that the name itself does not exist. */
      readonly wildcard: Name | undefined
      readonly key: ZoneKey
    }
  | { readonly ok: false; readonly ede: ExtendedError }

/**
 * Types that exist at their own name only: a "wildcard" of them would move a proof or a key to any name. NSEC is not among
 * them: a wildcard's NSEC is the true answer to a question for it (RFC 4592 section 4.4), though never a proof.
 */
const NEVER_EXPANDED: ReadonlySet<number> = new Set([Type.SOA, Type.DS, Type.DNSKEY, Type.NSEC3, Type.NSEC3PARAM])

/** RFC 4034 section 3: type, algorithm, labels, original TTL, expiration, inception, key tag. */
const FIXED_BYTES = 18

/**
 * Tries the set's signatures by `zone` until one verifies. Each try, also one with a key that is no key at all, draws one
 * of `signatures` on the budget (CVE-2025-8677), and throws BUDGET_SPENT when there is none left: the question has used up its
 * share, which says nothing about the zone.
 */
export function verifyRRset({ rrset, zone, keys, now, anyTime, budget }: VerifyInput): Verified {
  const signatures = signaturesOf(rrset)
  if (signatures.length === 0) return { ok: false, ede: why(Ede.RRSIGS_MISSING, `${setText(rrset)} is not signed`) }
  let signedData: ((signature: Signature) => Uint8Array) | undefined
  let failure: Failure | undefined
  let checks = 0
  for (const signature of signatures) {
    const misfit = misfitOf(signature, rrset, zone, anyTime === true ? undefined : now)
    if (misfit !== undefined) {
      failure = worse(failure, misfit)
      continue
    }
    const candidates = keys.filter((key) => key.tag === signature.keyTag && key.algorithm === signature.algorithm)
    if (candidates.length === 0) failure = worse(failure, noKey(signature, rrset, zone))
    for (const key of candidates.slice(0, limits.MAX_SAME_TAG_KEYS)) {
      if (checks++ >= limits.MAX_CHECKS_PER_RRSET)
        return { ok: false, ede: bogus(`too many signatures of ${setText(rrset)}`) }
      budget.spend('signatures')
      signedData ??= orMalformed(() => signedDataOf(rrset))
      if (signedData === undefined) return { ok: false, ede: bogus(`${setText(rrset)} is malformed`) }
      if (verifierOf(key)?.(signedData(signature), signature.signature) !== true) {
        failure = worse(failure, {
          rank: 4,
          ede: bogus(`${setText(rrset)}: signature by ${keyText(key.tag, zone)} is wrong`),
        })
        continue
      }
      const left = anyTime === true ? rrset.ttl : serialDistance(now, signature.expiration)
      const ttl = Math.min(rrset.ttl, signature.originalTtl, left)
      return { ok: true, ttl, wildcard: wildcardOf(signature, rrset.name), key }
    }
  }
  return { ok: false, ede: failure!.ede }
}

/** The RRSIGs that claim to cover the set; those that cannot be read are left out. */
export function signaturesOf(rrset: RRset): Signature[] {
  const signatures: Signature[] = []
  for (const rdata of rrset.signatures.slice(0, limits.MAX_RRSIGS_READ)) {
    const signature = readSignature(rdata)
    if (signature?.typeCovered === rrset.type) signatures.push(signature)
  }
  return signatures
}

export function readSignature(rdata: Uint8Array): Signature | undefined {
  return orMalformed(() => ({ ...viewRdata(Type.RRSIG, rdata), rdata }))
}

/** Undefined where the outsider's bytes are not what their type says. */
export function orMalformed<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!isChordnsError(error, 'DNS_MALFORMED')) throw error
    return undefined
  }
}

/** What a signature is made over, for signing and for checking: one function for each signature of the set. */
export function signedDataOf(rrset: RRset): (signature: Signature) => Uint8Array {
  const rdatas = canonicalRRset(rrset)
  return (signature) => {
    const { originalTtl, signer } = signature
    const owner = signedOwner(signature, rrset.name)
    const parts = [signature.rdata.subarray(0, FIXED_BYTES), canonicalName(signer).wire]
    const header = new Uint8Array(8)
    const view = new DataView(header.buffer)
    view.setUint16(0, rrset.type)
    view.setUint16(2, rrset.class)
    view.setUint32(4, originalTtl)
    for (const rdata of rdatas) {
      parts.push(owner.wire, header, Uint8Array.of(rdata.length >> 8, rdata.length & 0xff), rdata)
    }
    return concatBytes(...parts)
  }
}

/** Labels as RRSIG counts them: neither the root nor a leading asterisk (RFC 4034 section 3.1.3). */
export function signedLabels(name: Name): number {
  return isWildcard(name) ? name.labels - 1 : name.labels
}

function signedOwner({ labels }: Signature, owner: Name): Name {
  const name = canonicalName(owner)
  return labels < signedLabels(name) ? prependLabel('*', suffixName(name, labels)) : name
}

function wildcardOf(signature: Signature, owner: Name): Name | undefined {
  return signature.labels < signedLabels(owner) ? signedOwner(signature, owner) : undefined
}

/** `rank`: of several failures the one that says most is reported. */
interface Failure {
  readonly rank: 1 | 2 | 3 | 4
  readonly ede: ExtendedError
}

function worse(a: Failure | undefined, b: Failure): Failure {
  return a === undefined || b.rank > a.rank ? b : a
}

/** Why a signature does not count, whatever its bytes are: RFC 4035 section 5.3.1. */
function misfitOf(signature: Signature, rrset: RRset, zone: Name, now: number | undefined): Failure | undefined {
  const { signer, labels } = signature
  const text = setText(rrset)
  if (!sameName(signer, zone) || !isSubdomain(rrset.name, zone)) {
    return {
      rank: 1,
      ede: why(Ede.RRSIGS_MISSING, `${text} is signed by ${nameToText(signer)}, not by ${nameToText(zone)}`),
    }
  }
  // The 2026 family (CVE-2026-44690, -46582, -52686, -11721): a "wildcard" above the signer's zone.
  if (labels < zone.labels)
    return { rank: 2, ede: bogus(`${text}: the signature has fewer labels than ${nameToText(zone)}`) }
  if (labels > signedLabels(rrset.name))
    return { rank: 2, ede: bogus(`${text}: the signature has more labels than the name`) }
  if (labels < signedLabels(rrset.name) && NEVER_EXPANDED.has(rrset.type)) {
    return { rank: 2, ede: bogus(`${text} cannot come from a wildcard`) }
  }
  return now === undefined ? undefined : untimely(signature, text, zone, now)
}

/** Times are serial numbers: RFC 4034 section 3.1.5, RFC 1982. */
function untimely(signature: Signature, text: string, zone: Name, now: number): Failure | undefined {
  const { inception, expiration, keyTag } = signature
  const by = keyText(keyTag, zone)
  if (serialDistance(inception, expiration) < 0) {
    return {
      rank: 3,
      ede: why(Ede.SIGNATURE_EXPIRED_BEFORE_VALID, `${text}: signature by ${by} expires before it is valid`),
    }
  }
  if (serialDistance(now, expiration) < 0) {
    return { rank: 3, ede: why(Ede.SIGNATURE_EXPIRED, `${text}: signature by ${by} has expired`) }
  }
  if (serialDistance(inception, now) < 0) {
    return { rank: 3, ede: why(Ede.SIGNATURE_NOT_YET_VALID, `${text}: signature by ${by} is not yet valid`) }
  }
  return undefined
}

function noKey({ keyTag, algorithm }: Signature, rrset: RRset, zone: Name): Failure {
  const text = `${setText(rrset)}: no usable DNSKEY with algorithm ${algorithm} for ${keyText(keyTag, zone)}`
  return { rank: 2, ede: bogus(text) }
}

/** Signed distance from `a` to `b` in serial arithmetic over 32 bits. */
function serialDistance(a: number, b: number): number {
  return (b - a) | 0
}

const verifiers = new WeakMap<ZoneKey, { readonly verify: DnssecVerifier | undefined }>()

/** Importing a key costs as much as using it: each is imported once. */
function verifierOf(key: ZoneKey): DnssecVerifier | undefined {
  let known = verifiers.get(key)
  if (known === undefined) {
    known = { verify: dnssecVerifier(key.algorithm, key.publicKey) }
    verifiers.set(key, known)
  }
  return known.verify
}

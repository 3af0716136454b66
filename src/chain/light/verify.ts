/**
 * Whether a header may be trusted, from one that is: the one verifier of resolvers, cross-links, checkpoints and those who catch up. Pure.
 * `docs/protocol.md`, "Light clients", has the rules.
 */
import { equalBytes, latin1 } from '../../base/index.ts'
import { blockIdOf } from '../blocks/blocks.ts'
import { setRoot } from '../blocks/set-root.ts'
import { verifyCertificate } from '../blocks/signing.ts'
import type { BlockCertificate, CertifiedHeader, Validator } from '../types.ts'
import { isExpired, isInHistory, type LightRules, ledgerQuorum, overlapNeeded, type Trusted } from './trust.ts'

/** The set with a root, if it is at hand. Its root is checked by whoever took it in. */
export type KnownSets = (root: Uint8Array) => readonly Validator[] | undefined

export type LightRefusal =
  /** What is trusted is too old: a checkpoint is needed. */
  | 'expired'
  /** Of another chain, or of a schema without what is needed. */
  | 'another chain'
  | 'lower'
  /** Not later than what is trusted. */
  | 'earlier'
  /** Later than the own clock. */
  | 'future'
  /** Its certificate is of another block, or not of a quorum of its set. */
  | 'certificate'
  /** Adjacent or of one height, and its set is not the one that is known. */
  | 'set'

export type LightVerdict =
  /** `linked`: it was shown that what is trusted is in its history. */
  | { readonly kind: 'trusted'; readonly trusted: Trusted; readonly linked: boolean }
  | { readonly kind: 'refused'; readonly reason: LightRefusal }
  /** The list of a set is missing. `own`: the header's, so nothing was checked yet; `next`: all else holds. */
  | { readonly kind: 'need-set'; readonly which: 'own' | 'next'; readonly root: Uint8Array }
  /** Too few of the trusted set signed it: show one between. */
  | { readonly kind: 'need-between' }
  /** Another header of a height that was decided already: both are evidence. */
  | { readonly kind: 'conflict' }

/** `path`: that the trusted header is in the history of this one; what is adjacent names it anyway. */
export interface LightOffer extends CertifiedHeader {
  readonly path?: readonly Uint8Array[] | undefined
}

/** `now`: Unix ms. */
export function verifyHeader(
  rules: LightRules,
  trusted: Trusted,
  offer: LightOffer,
  setOf: KnownSets,
  now: number,
): LightVerdict {
  const { header, certificate } = offer
  if (header.ledger === undefined || !equalBytes(header.chainId, trusted.chainId)) return refused('another chain')
  if (isExpired(rules, trusted, now)) return refused('expired')
  if (header.time - now > rules.maxDriftMs) return refused('future')
  if (header.height < trusted.height) return refused('lower')
  const validators = setOf(header.validatorsHash)
  if (validators === undefined) return { kind: 'need-set', which: 'own', root: header.validatorsHash }
  if (header.height === trusted.height) return sameHeight(rules, trusted, offer, validators)
  if (header.time <= trusted.time) return refused('earlier')

  const isAdjacent = header.height === trusted.height + 1
  if (isAdjacent) {
    if (!equalBytes(header.validatorsHash, setRoot(trusted.validators))) return refused('set')
  } else if (overlapOf(trusted.validators, validators, certificate) < overlapNeeded(rules, trusted.validators.length))
    return { kind: 'need-between' }
  // Last, so that a large made-up set costs whoever checks nothing.
  if (!isDecided(rules, offer, validators)) return refused('certificate')
  if (isAdjacent && trusted.header !== undefined && !equalBytes(header.previousId, blockIdOf(trusted.header)))
    return { kind: 'conflict' }
  const next = setOf(header.nextValidatorsHash)
  if (next === undefined) return { kind: 'need-set', which: 'next', root: header.nextValidatorsHash }
  return { kind: 'trusted', trusted: trust(offer, next), linked: isAdjacent || isLinked(trusted, offer) }
}

/** `next`: the set that the header names for the next height. */
export function trust({ header }: CertifiedHeader, next: readonly Validator[]): Trusted {
  const { chainId, height, time } = header
  return { chainId, height, time, header, validators: next }
}

/** Whether a quorum of the set, which is the header's, signed it. */
export function isDecided(
  { scheme }: LightRules,
  { header, certificate }: CertifiedHeader,
  validators: readonly Validator[],
): boolean {
  return (
    equalBytes(header.validatorsHash, setRoot(validators)) &&
    certificate.height === header.height &&
    equalBytes(certificate.blockId, blockIdOf(header)) &&
    verifyCertificate(scheme, header.chainId, validators, certificate, 'precommit', ledgerQuorum(validators.length))
  )
}

function sameHeight(
  rules: LightRules,
  trusted: Trusted,
  offer: LightOffer,
  validators: readonly Validator[],
): LightVerdict {
  if (trusted.header === undefined) return refused('lower')
  if (equalBytes(blockIdOf(trusted.header), blockIdOf(offer.header))) return { kind: 'trusted', trusted, linked: true }
  // With a set of one's own making anybody could cry fork.
  const isKnownSet = equalBytes(trusted.header.validatorsHash, offer.header.validatorsHash)
  const overlap = overlapOf(trusted.validators, validators, offer.certificate)
  if (!isKnownSet && overlap < overlapNeeded(rules, trusted.validators.length)) return refused('set')
  return isDecided(rules, offer, validators) ? { kind: 'conflict' } : refused('certificate')
}

/** How many of the trusted set are said to have signed, by their keys: who has left the new set, or has another key, does not count. */
function overlapOf(
  trusted: readonly Validator[],
  validators: readonly Validator[],
  { signatures }: BlockCertificate,
): number {
  const keys = new Set(trusted.map(({ publicKey }) => latin1(publicKey)))
  return signatures.filter(({ index }) => {
    const signer = validators[index]
    return signer !== undefined && keys.has(latin1(signer.publicKey))
  }).length
}

function isLinked(trusted: Trusted, { header, path }: LightOffer): boolean {
  if (trusted.header === undefined) return true
  return path !== undefined && isInHistory(header, trusted.header, path)
}

function refused(reason: LightRefusal): LightVerdict {
  return { kind: 'refused', reason }
}

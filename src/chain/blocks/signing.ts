/**
 * What validators sign, and who counts. A vote, a proposal and everything else have their own tag, and the chain's id is in
 * all of it: a signature says one thing in one place.
 */
import { equalBytes } from '../../base/index.ts'
import { encodeCanonical, type SignatureScheme, signedBytes } from '../../crypto/index.ts'
import type { BlockCertificate, ChainEquivocation, ProposalClaim, Validator, Vote, VoteKind } from '../types.ts'

const KIND_CODE: Record<VoteKind, number> = { prevote: 1, precommit: 2 }

type VoteContent = Pick<Vote, 'kind' | 'height' | 'round' | 'blockId'>
type ClaimContent = Pick<ProposalClaim, 'height' | 'round' | 'validRound' | 'blockId'>

export function voteBytes(chainId: Uint8Array, { kind, height, round, blockId }: VoteContent): Uint8Array {
  return signedBytes('chordns/vote/1', encodeCanonical([chainId, KIND_CODE[kind], height, round, blockId ?? null]))
}

export function claimBytes(chainId: Uint8Array, { height, round, validRound, blockId }: ClaimContent): Uint8Array {
  return signedBytes('chordns/proposal/1', encodeCanonical([chainId, height, round, validRound, blockId]))
}

export function verifyVote(scheme: SignatureScheme, chainId: Uint8Array, vote: Vote): boolean {
  return scheme.verify(vote.signer, voteBytes(chainId, vote), vote.signature)
}

export function verifyClaim(scheme: SignatureScheme, chainId: Uint8Array, claim: ProposalClaim): boolean {
  return scheme.verify(claim.signer, claimBytes(chainId, claim), claim.signature)
}

/**
 * True when at least `quorum` different validators of the set signed `kind` votes for the block. `isKnown`: this very
 * signature of validator `index`, under this very vote, was verified before.
 */
export function verifyCertificate(
  scheme: SignatureScheme,
  chainId: Uint8Array,
  validators: readonly Validator[],
  certificate: BlockCertificate,
  kind: VoteKind,
  quorum: number,
  isKnown: (index: number, signature: Uint8Array) => boolean = () => false,
): boolean {
  const { signatures } = certificate
  if (signatures.length < quorum) return false
  if (!signatures.every(({ index }, i) => index < validators.length && (i === 0 || signatures[i - 1]!.index < index)))
    return false
  const bytes = voteBytes(chainId, { kind, ...certificate })
  return signatures.every(
    ({ index, signature }) =>
      isKnown(index, signature) || scheme.verify(validators[index]!.publicKey, bytes, signature),
  )
}

/** The votes that a certificate is made of. */
export function votesOf(certificate: BlockCertificate, kind: VoteKind, validators: readonly Validator[]): Vote[] {
  const { height, round, blockId } = certificate
  return certificate.signatures.map(({ index, signature }) => ({
    kind,
    height,
    round,
    blockId,
    signer: validators[index]!.publicKey,
    signature,
  }))
}

/**
 * True when the evidence shows a validator of the set (that of the height it speaks of) to have signed two different things
 * for one place. Honest validators cannot: their sign guard outlives crashes.
 */
export function verifyEquivocation(
  scheme: SignatureScheme,
  evidence: ChainEquivocation,
  chainId: Uint8Array,
  validators: readonly Validator[],
): boolean {
  const { first, second } = evidence
  if (!equalBytes(evidence.chainId, chainId) || first.height !== second.height) return false
  if (!equalBytes(first.signer, second.signer)) return false
  if (!validators.some(({ publicKey }) => equalBytes(publicKey, first.signer))) return false
  if (evidence.kind === 'lock') return isBrokenLock(scheme, evidence, chainId, validators)
  if (first.round !== second.round) return false
  if (evidence.kind === 'votes')
    return (
      evidence.first.kind === evidence.second.kind &&
      !sameId(evidence.first.blockId, evidence.second.blockId) &&
      verifyVote(scheme, chainId, evidence.first) &&
      verifyVote(scheme, chainId, evidence.second)
    )
  return (
    differs(evidence.first, evidence.second) &&
    verifyClaim(scheme, chainId, evidence.first) &&
    verifyClaim(scheme, chainId, evidence.second)
  )
}

/** The claim must be the proposer's of that round: anybody else's would accuse whom it likes. */
function isBrokenLock(
  scheme: SignatureScheme,
  { first, second, claim }: Extract<ChainEquivocation, { kind: 'lock' }>,
  chainId: Uint8Array,
  validators: readonly Validator[],
): boolean {
  return (
    equalBytes(claim.signer, validators[(claim.height + claim.round) % validators.length]!.publicKey) &&
    first.kind === 'precommit' &&
    second.kind === 'prevote' &&
    first.round < second.round &&
    first.blockId !== undefined &&
    second.blockId !== undefined &&
    !equalBytes(first.blockId, second.blockId) &&
    claim.height === second.height &&
    claim.round === second.round &&
    equalBytes(claim.blockId, second.blockId) &&
    claim.validRound < first.round &&
    verifyVote(scheme, chainId, first) &&
    verifyVote(scheme, chainId, second) &&
    verifyClaim(scheme, chainId, claim)
  )
}

export function differs(a: ProposalClaim, b: ProposalClaim): boolean {
  return a.validRound !== b.validRound || !equalBytes(a.blockId, b.blockId)
}

export function sameId(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b)
}

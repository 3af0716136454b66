/** What a node keeps that saw a quorum decide what is not valid by its rules, and the statement by which it goes on. */
import { equalBytes } from '../../base/index.ts'
import { type CborValue, encodeCanonical, type SignatureScheme, signedBytes } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { malformed, readCbor, readHash, readHeight, readInteger, readMap, readRow, readUtf8 } from '../reading.ts'
import type { BlockCertificate, Validator } from '../types.ts'
import { packSignatures, readSignatures } from './certificates.ts'

export interface Halt {
  readonly chainId: Uint8Array
  /** Of the block that is not valid here. */
  readonly height: number
  readonly blockId: Uint8Array
  readonly reason: string
  /** Unix ms. */
  readonly time: number
}

export function encodeHalt({ chainId, height, blockId, reason, time }: Halt): Uint8Array {
  return encodeCanonical(
    new Map<number, CborValue>([
      [0, 1],
      [1, chainId],
      [2, height],
      [3, blockId],
      [4, new TextEncoder().encode(reason)],
      [5, time],
    ]),
  )
}

/** Throws CHAIN_MALFORMED. */
export function decodeHalt(bytes: Uint8Array): Halt {
  const fields = readMap(readCbor(bytes, limits.MAX_HALT_BYTES, 'halt'), 'halt')
  if (fields.get(0) !== 1) throw malformed('a halt of another version')
  return {
    chainId: readHash(fields.get(1), 'chain id'),
    height: readHeight(fields.get(2)),
    blockId: readHash(fields.get(3), 'block id'),
    reason: readUtf8(fields.get(4), limits.MAX_HALT_BYTES, 'reason'),
    time: readInteger(fields.get(5), 0, Number.MAX_SAFE_INTEGER, 'time'),
  }
}

/** "Go on from this block": signed by a quorum of the set that decided it. */
export interface Resume {
  readonly chainId: Uint8Array
  readonly height: number
  readonly headId: Uint8Array
  readonly signatures: BlockCertificate['signatures']
}

/** What is signed. */
export function resumeBytes({ chainId, height, headId }: Omit<Resume, 'signatures'>): Uint8Array {
  return signedBytes('chordns/resume/1', encodeCanonical([chainId, height, headId]))
}

export function isResume(
  scheme: SignatureScheme,
  validators: readonly Validator[],
  quorum: number,
  head: Omit<Resume, 'signatures'>,
  resume: Resume,
): boolean {
  const { chainId, height, headId, signatures } = resume
  const isHere = equalBytes(chainId, head.chainId) && height === head.height && equalBytes(headId, head.headId)
  if (!isHere || signatures.length < quorum) return false
  const bytes = resumeBytes(resume)
  return signatures.every(({ index, signature }, i) => {
    const signer = validators[index]
    const isNext = i === 0 || signatures[i - 1]!.index < index
    return signer !== undefined && isNext && scheme.verify(signer.publicKey, bytes, signature)
  })
}

const ED25519 = 1

export function encodeResume({ chainId, height, headId, signatures }: Resume): Uint8Array {
  const { bitmap, bytes } = packSignatures(signatures)
  return encodeCanonical([chainId, height, headId, ED25519, bitmap, bytes])
}

/** Throws CHAIN_MALFORMED. */
export function decodeResume(bytes: Uint8Array): Resume {
  const row = readRow(readCbor(bytes, limits.MAX_RESUME_BYTES, 'resume'), 6, 'resume')
  const [chainId, height, headId, scheme, bitmap, signatures] = row
  if (scheme !== ED25519) throw malformed('a resume of an unknown scheme')
  return {
    chainId: readHash(chainId, 'chain id'),
    height: readHeight(height),
    headId: readHash(headId, 'head id'),
    signatures: readSignatures(bitmap, signatures),
  }
}

/** Faults of validators that a transaction shows: broken locks, their answers, and two notes of one size; true ones, and such as hold nothing. */
import { toHex } from '../../../../src/base/index.ts'
import { claimBytes, voteBytes } from '../../../../src/chain/blocks/signing.ts'
import {
  checkpointText,
  cosign,
  encodeBrokenLock,
  encodeLockAnswer,
  encodeNote,
  encodeTwoNotes,
  type SetOfHeight,
  type Validator,
  type Vote,
} from '../../../../src/chain/index.ts'
import { encodeCanonical, sha256 } from '../../../../src/crypto/index.ts'
import { type Act, type Acting, anybody, one } from './acting.ts'

export function accuse(acting: Acting): Act | undefined {
  const { random, chainId, charges, faults } = acting
  const place = placeOf(acting)
  if (place === undefined) return undefined
  const { at, height, accused, isTrue } = place
  const { validators } = at
  const signer = faults.signerOf(accused)
  const firstRound = random.below(3)
  const secondRound = firstRound + 1 + random.below(3)
  const [held, blockId] = [sha256(random.bytes(4)), sha256(random.bytes(4))]
  const voteOf = (kind: Vote['kind'], round: number, block: Uint8Array): Vote => {
    const content = { kind, height, round, blockId: block }
    return { ...content, signer: signer.publicKey, signature: signer.sign(voteBytes(chainId, content)) }
  }
  const proposer = faults.signerOf(validators[(height + secondRound) % validators.length]!)
  const claim = { height, round: secondRound, validRound: -1, blockId }
  const accusation = {
    kind: 'lock' as const,
    chainId,
    // Who votes for the block that it holds breaks nothing.
    first: voteOf('precommit', firstRound, isTrue ? held : blockId),
    second: voteOf('prevote', secondRound, blockId),
    claim: { ...claim, signer: proposer.publicKey, signature: proposer.sign(claimBytes(chainId, claim)) },
  }
  const id = sha256(encodeCanonical([height, signer.publicKey, firstRound, secondRound, blockId]))
  if (isTrue) charges.push({ id, validators, height, blockId, firstRound, secondRound })
  return {
    actor: anybody(acting),
    payload: encodeBrokenLock({ accusation, at }),
    deed: { kind: 'accuse', id: toHex(id), ...deedOf(place) },
  }
}

/** By a quorum of prevotes, or by such as prove nothing. */
export function answer(acting: Acting): Act | undefined {
  const { random, chainId, charges, faults } = acting
  if (charges.length === 0) return undefined
  const { id, validators, height, blockId, firstRound, secondRound } = one(random, charges)
  const isTrue = random.below(3) > 0
  const round = isTrue ? firstRound + random.below(secondRound - firstRound) : secondRound
  const content = { kind: 'prevote' as const, height, round, blockId }
  const signatures = validators.map((validator, index) => ({
    index,
    signature: faults.signerOf(validator).sign(voteBytes(chainId, content)),
  }))
  const certificate = { scheme: 1 as const, height, round, blockId, signatures }
  return {
    actor: anybody(acting),
    payload: encodeLockAnswer({ id, validators, certificate }),
    deed: { kind: 'answer', id: toHex(id), isTrue },
  }
}

export function twoNotes(acting: Acting): Act | undefined {
  const { random, faults } = acting
  const place = placeOf(acting)
  if (place === undefined) return undefined
  const { at, height, accused, isTrue } = place
  const { own, proof } = faults.note(height)
  const text = checkpointText({ origin: faults.origin, size: height, root: sha256(random.bytes(4)) })
  const signer = isTrue ? faults.signerOf(accused) : acting.cast.signer('nobody')
  const other = encodeNote({ text, signatures: [cosign(signer, accused.id, text, Math.floor(acting.now() / 1_000))] })
  return {
    actor: anybody(acting),
    payload: encodeTwoNotes({ own, other, proof, at }),
    deed: { kind: 'twoNotes', ...deedOf(place) },
  }
}

interface FaultAt {
  readonly at: SetOfHeight
  readonly height: number
  readonly accused: Validator
  readonly isTrue: boolean
}

/** Somebody of the set of some height: of whom the chain can do without, what is shown is true. */
function placeOf(acting: Acting): FaultAt | undefined {
  const { random, height: newest, faults, cast, mayLose } = acting
  if (newest() < 2) return undefined
  const height = 1 + random.below(newest() - 1)
  const at = faults.setOf(height)
  const accused = one(random, at.validators)
  const actor = cast.actors.find(({ id }) => toHex(id) === toHex(accused.id))
  const isTrue = actor !== undefined && random.below(3) > 0 && mayLose(actor)
  return { at, height, accused, isTrue }
}

function deedOf({ at, accused, height, isTrue }: FaultAt) {
  return { accused: toHex(accused.id), height, headerTime: at.header.time, size: at.size, isTrue }
}

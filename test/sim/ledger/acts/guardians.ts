/** What guardians do with a name: freeze it, give it to another key, and end both. */
import { equalBytes, toHex } from '../../../../src/base/index.ts'
import {
  freezePayload,
  type GuardianProof,
  guardianStatements,
  guardiansCancelPayload,
  type NameRecord,
  nameRecordOf,
  recoverPayload,
} from '../../../../src/ledger/index.ts'
import { signAsGuardians } from '../../../../src/ledger/modules/names/guardians.ts'
import type { ProofDeed } from '../intents.ts'
import { type Act, type Acting, anybody, labelOf, one } from './acting.ts'

export interface MadeProof {
  readonly proof: GuardianProof
  readonly deed: ProofDeed
}

/** Of the guardians that the record names, and as many of them as are needed; now and then others, or fewer, or a forged signature. */
export function proofOf({ random, cast }: Acting, record: NameRecord | undefined, bytes: Uint8Array): MadeProof {
  const named = record?.life?.guardians
  const own = cast.guardianSets.find(({ hash }) => named !== undefined && equalBytes(hash, named))
  const { set, hash } = own === undefined || random.below(12) === 0 ? one(random, cast.guardianSets) : own
  const able = cast.guardians.filter(({ publicKey }) => set.keys.some((key) => equalBytes(key, publicKey)))
  const count = random.below(4) === 0 ? set.enough - 1 : set.enough
  const isTrue = count === 0 || random.below(12) > 0
  const signers = able.slice(0, count)
  const made = signAsGuardians(set, signers, bytes)
  const forged = made.signatures.map((one, at) => (at === 0 ? { ...one, signature: new Uint8Array(64) } : one))
  const { enough, delayMs, keyWins } = set
  return {
    proof: isTrue ? made : { ...made, signatures: forged },
    deed: { hash: toHex(hash), enough, delayMs, keyWins, signed: count, isTrue },
  }
}

export function freeze(acting: Acting): Act | undefined {
  const { random, now } = acting
  const policy = acting.policy()
  if (policy === undefined) return undefined
  const { label, record, place, chainId } = guarded(acting)
  const until = now() + Math.floor(policy.freezeMs * one(random, [0.5, 0.75, 0.9, 0.9, 1.2, -0.1]))
  const made = proofOf(acting, record, guardianStatements.freeze({ chainId, label, ...place }, until))
  return {
    actor: anybody(acting),
    payload: freezePayload(label, until, made.proof),
    deed: { kind: 'freeze', label: toHex(label), ...place, until, proof: made.deed },
  }
}

export function recover(acting: Acting): Act | undefined {
  const { random, cast } = acting
  if (acting.policy() === undefined) return undefined
  const { label, record, place, chainId } = guarded(acting)
  const to = one(random, cast.owners).publicKey
  const made = proofOf(acting, record, guardianStatements.recover({ chainId, label, ...place }, to))
  return {
    actor: anybody(acting),
    payload: recoverPayload(label, to, made.proof),
    deed: { kind: 'recover', label: toHex(label), ...place, to: toHex(to), proof: made.deed },
  }
}

export function guardiansCancel(acting: Acting): Act | undefined {
  if (acting.policy() === undefined) return undefined
  const { label, record, place, chainId } = guarded(acting)
  const made = proofOf(acting, record, guardianStatements.cancel({ chainId, label, ...place }))
  return {
    actor: anybody(acting),
    payload: guardiansCancelPayload(label, made.proof),
    deed: { kind: 'guardiansCancel', label: toHex(label), ...place, proof: made.deed },
  }
}

/** A name that has guardians, if there is one, and the round that they are in; sometimes the one before. */
function guarded(acting: Acting) {
  const { random, cast, state, chainId } = acting
  const able = cast.labels.filter((label) => nameRecordOf(state(), label)?.life?.guardians !== undefined)
  const label = able.length === 0 || random.below(15) === 0 ? labelOf(acting) : one(random, able)
  const record = nameRecordOf(state(), label)
  const back = (count: number) => Math.max(0, count - Number(random.below(15) === 0))
  const place = { generation: back(record?.generation ?? 0), round: back(record?.life?.round ?? 0) }
  return { label, record, place, chainId }
}

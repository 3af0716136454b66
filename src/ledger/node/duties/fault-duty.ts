/**
 * Showing faults of validators to their own chain, and answering what this node is accused of wrongly. One validator brings a fault at a time, by
 * rotation; an answer comes from the accused, who has kept it.
 */
import { type Clock, equalBytes } from '../../../base/index.ts'
import {
  type BrokenLock,
  consistencyProof,
  encodeBrokenLock,
  encodeLockAnswer,
  encodeTwoNotes,
  historyPath,
  type LightRules,
  type LockAccusation,
  lightRules,
  lockCharge,
  type NotePair,
  type SetOfHeight,
  type TwoNotes,
  twiceCosigned,
} from '../../../chain/index.ts'
import type { SignatureScheme } from '../../../crypto/index.ts'
import type { OpenCharge } from '../../modules/authority/charges.ts'
import type { FaultState } from '../../modules/authority/fault-duty.ts'
import type { RunningChain } from '../running-chain.ts'
import type { Due, Duty } from './duties.ts'
import { Rotation } from './rotation.ts'

export interface FaultDutyDeps {
  readonly clock: Clock
  readonly scheme: SignatureScheme
  /** By what this node is known in sets. */
  readonly memberId: Uint8Array
}

export class FaultDuty implements Duty {
  readonly name = 'faults'
  readonly #deps: FaultDutyDeps
  readonly #rules: LightRules
  readonly #turns: Rotation

  constructor(deps: FaultDutyDeps) {
    this.#deps = deps
    this.#rules = lightRules(deps.scheme)
    this.#turns = new Rotation(deps)
  }

  async due(chain: RunningChain): Promise<Due | undefined> {
    const locks = chain.brokenLocks.flatMap((accusation) => this.#lock(chain, accusation) ?? [])
    const pairs = chain.cosigning.forks.flatMap((pair) => this.#pair(chain, pair) ?? [])
    const { memberId } = this.#deps
    const accused = [...locks.map((one) => one.accused), ...pairs.flatMap((one) => one.accused)]
    const question = { memberId, charges: locks.map(({ id }) => id), accused }
    const state = (await chain.application.ask('faults', question)) as FaultState
    for (const charge of state.againstUs) {
      const payload = answerTo(chain, charge)
      if (payload !== undefined) return { what: `answer ${charge.height}`, payload }
    }
    for (const [i, { accusation, payload }] of locks.entries()) {
      const { height, round } = accusation.second
      const what = `lock ${height} ${round}`
      // Who is gone already is not accused.
      if (!state.isKnown[i] && state.isNode[i] && this.#isTurn(chain, what, height)) return { what, payload }
    }
    let from = locks.length
    for (const { size, accused: those, payload } of pairs) {
      const isOpen = state.isNode.slice(from, from + those.length).some((one) => one)
      from += those.length
      if (isOpen && this.#isTurn(chain, `notes ${size}`, size)) return { what: `notes ${size}`, payload }
    }
    return undefined
  }

  #isTurn(chain: RunningChain, what: string, height: number): boolean {
    const { validators } = chain.status()
    return this.#turns.isOurs(`${chain.id} ${what}`, height, height % validators.length, validators)
  }

  /** Undefined: it would not be taken, or not yet. */
  #lock(chain: RunningChain, accusation: BrokenLock) {
    const at = setOfHeight(chain, accusation.first.height)
    if (at === undefined) return undefined
    const lock: LockAccusation = { accusation, at }
    const charge = lockCharge(this.#rules, lock, this.#placeOf(chain))
    if (charge === undefined) return undefined
    const { id, accused, height } = charge
    return { id, accused: { id: accused.id, height }, accusation, payload: encodeBrokenLock(lock) }
  }

  #pair(chain: RunningChain, { size, own, other }: NotePair) {
    const at = setOfHeight(chain, size)
    const proof = at && consistencyProof(chain.served.headers.hashes, size, at.size)
    if (at === undefined || proof === undefined) return undefined
    // What somebody else's note has from this chain's validators is kept as it came; the own one needs the same cosigners.
    const notes: TwoNotes = { own, other, proof, at }
    const signers = twiceCosigned(this.#rules, notes, this.#placeOf(chain))
    return signers && { size, accused: signers.map(({ id }) => ({ id, height: size })), payload: encodeTwoNotes(notes) }
  }

  #placeOf(chain: RunningChain) {
    const { chainId } = chain.genesis
    return { chainId, time: this.#deps.clock.now(), rootOf: (size: number) => chain.historyRootOf(size) }
  }
}

/** The set of a height, as the history up to the height before the newest shows it. */
function setOfHeight(chain: RunningChain, height: number): SetOfHeight | undefined {
  const { headers } = chain.served
  const size = headers.height()
  if (height < 1 || height > size) return undefined
  const header = headers.certified(height)?.header
  const path = historyPath(headers.hashes, height - 1, size)
  const validators = header && headers.set(header.validatorsHash)
  return header && path && validators && { validators, header, path, size }
}

/** A quorum's prevotes for what this node voted for then; undefined: it has none. */
function answerTo(chain: RunningChain, charge: OpenCharge): Uint8Array | undefined {
  const { id, height, blockId, firstRound, secondRound, setRoot } = charge
  const certificate = chain.chain
    .proofs(height)
    .find((one) => equalBytes(one.blockId, blockId) && one.round >= firstRound && one.round < secondRound)
  const validators = chain.served.headers.set(setRoot)
  return certificate && validators && encodeLockAnswer({ id, validators, certificate })
}

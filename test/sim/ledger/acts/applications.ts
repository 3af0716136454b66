/** Modules of third parties: votes that activate them, and what is sent to the one that there is, before and after. */
import { toHex } from '../../../../src/base/index.ts'
import type { Signer } from '../../../../src/crypto/index.ts'
import {
  activatePayload,
  activationsOf,
  DIRECTORY,
  directoryEntryOf,
  putEntryPayload,
} from '../../../../src/ledger/index.ts'
import { hex } from '../cast.ts'
import { type Act, type Acting, one, voting, withNodes } from './acting.ts'

/** As docs/ledger-modules.md has it. */
const LEAST_NOTICE = 60

/** A vote like any other; most come to nothing. */
export function activate(acting: Acting): Act {
  const { random, height } = acting
  const ahead = one(random, [-1, 1, LEAST_NOTICE - 1, LEAST_NOTICE + 1, LEAST_NOTICE + 5, 2_000_000])
  return voteFor(acting, Math.max(1, height() + ahead))
}

/** All vote for the same height, where the world is to come to it. */
export function towardsActivation(acting: Acting): Act | undefined {
  const { activation, height, state } = acting
  if (activation === undefined || height() + LEAST_NOTICE >= activation) return undefined
  if (activationsOf(state()).length > 0) return undefined
  return voteFor(acting, activation)
}

/** Once the module runs, entries are wanted. */
export function towardsEntries(acting: Acting): Act | undefined {
  const { activation, height } = acting
  return activation === undefined || height() + 1 < activation ? undefined : putEntry(acting)
}

function voteFor(acting: Acting, height: number): Act {
  const { random, activation } = acting
  // No other height has a majority where one is meant.
  const inFavour = height === activation ? random.below(20) > 0 : random.below(3) === 0 && activation === undefined
  return {
    actor: height === activation ? anyNode(acting) : voting(acting),
    payload: activatePayload({ module: DIRECTORY, height }, inFavour),
    deed: { kind: 'activate', module: DIRECTORY, height, inFavour },
  }
}

function anyNode(acting: Acting) {
  const able = withNodes(acting)
  return able.length === 0 ? voting(acting) : one(acting.random, able)
}

/** An entry of somebody, by its owner as a rule. */
export function putEntry(acting: Acting): Act {
  const { random, cast, chainId, state } = acting
  const label = one(random, cast.labels)
  const known = directoryEntryOf(state(), label)
  const ownOf = cast.owners.find(({ publicKey }) => known !== undefined && toHex(publicKey) === toHex(known.owner))
  const owner = ownOf === undefined || random.below(8) === 0 ? one(random, cast.owners) : ownOf
  const forger = random.below(8) === 0 ? one(random, cast.owners) : owner
  const signer: Signer = { publicKey: owner.publicKey, sign: (bytes) => forger.sign(bytes) }
  const sequence = Math.max(1, (known?.sequence ?? 0) + (random.below(10) === 0 ? 0 : 1))
  const value = random.bytes(1 + random.below(8))
  return {
    actor: one(random, cast.actors),
    payload: putEntryPayload(chainId, signer, label, { value, sequence }),
    deed: {
      kind: 'putEntry',
      label: toHex(label),
      owner: hex(owner),
      value: toHex(value),
      sequence,
      isTrue: forger === owner,
    },
  }
}

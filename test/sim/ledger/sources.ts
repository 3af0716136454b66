/** What those who act show of a chain, from the headers that were decided: heads for other chains to link, and faults of its validators. */
import { toHex } from '../../../src/base/index.ts'
import { changesBetween, setRoot } from '../../../src/chain/blocks/set-root.ts'
import {
  checkpointText,
  cosign,
  encodeGenesis,
  encodeHeaderFork,
  encodeNote,
  encodeNoteFork,
  historyPath,
  type Validator,
} from '../../../src/chain/index.ts'
import { ledgerQuorum } from '../../../src/chain/light/trust.ts'
import { type Signer, sha256 } from '../../../src/crypto/index.ts'
import type { SeededRandom } from '../../../src/sim/index.ts'
import type { TestLedger } from '../../chain/light/ledger.ts'
import type { FaultSource, LinkSource } from './acts/acting.ts'

export interface Shown {
  readonly mirror: TestLedger
  /** Keys of people who are in no set any more. */
  readonly bad: () => readonly number[]
  /** Wall time. */
  readonly now: () => number
  readonly signerOf: (validator: Validator) => Signer
  /** As the mirror calls it. */
  readonly numberOf: (validator: Validator) => number
}

export function linkSource(shown: Shown): LinkSource {
  const { mirror } = shown
  return {
    origin: mirror.origin,
    genesis: encodeGenesis(mirror.genesis),
    first: { time: mirror.genesis.time, next: toHex(setRoot(mirror.genesis.validators)) },
    get height() {
      return mirror.height
    },
    link: (oldSize, forged) => linkOf(shown, oldSize, forged),
    renewal(oldSize) {
      const link = linkOf(shown, oldSize, false)?.link
      return link && { ...link, lastSet: link.ownSet ?? link.lastSet, ownSet: undefined }
    },
    setRootAfter: (oldSize) => toHex(setRoot(mirror.setAt(oldSize + 1))),
    noteFork: (oldSize, isTrue, random) => noteForkOf(shown, oldSize, isTrue, random),
    headerFork: (oldSize, isTrue, random) => headerForkOf(shown, oldSize, isTrue, random),
  }
}

function linkOf({ mirror, bad: removed, now }: Shown, oldSize: number, forged: boolean) {
  const bad = removed()
  const fork = forged && bad.length > 0 && mirror.height > oldSize + 1 ? mirror.fork(Math.max(1, oldSize)) : undefined
  // From the third block on the set is theirs alone.
  if (fork !== undefined)
    for (let i = 0; i < 4; i++)
      fork.block({ next: bad, signers: bad, time: Math.max(mirror.head.header.time, now()) + i })
  const ledger = fork ?? mirror
  const size = ledger.height
  if (size === 0 || size <= oldSize) return undefined
  const lastSet = ledger.setAt(oldSize + 1)
  const own = ledger.setAt(size)
  const isSame = changesBetween(lastSet, own) === 0
  const link = {
    origin: ledger.origin,
    oldSize,
    proof: ledger.consistency(oldSize, size),
    note: fork === undefined ? ledger.noteBytes(size) : ledger.noteBytes(size, bad.length),
    header: ledger.at(size).header,
    path: ledger.leafPath(size),
    lastSet,
    ownSet: isSame ? undefined : own,
  }
  return { link, isTrue: fork === undefined }
}

function noteForkOf({ mirror, signerOf, now }: Shown, oldSize: number, isTrue: boolean, random: SeededRandom) {
  const validators = mirror.setAt(oldSize + 1)
  const signers = isTrue ? validators : validators.slice(0, ledgerQuorum(validators.length) - 1)
  const noteOf = (by: readonly Validator[]) => {
    const text = checkpointText({ origin: mirror.origin, size: oldSize + 1, root: sha256(random.bytes(4)) })
    const seconds = Math.floor(now() / 1_000)
    return encodeNote({ text, signatures: by.map((one) => cosign(signerOf(one), one.id, text, seconds)) })
  }
  const [first, second] = [noteOf(validators), noteOf(signers)]
  return encodeNoteFork({ origin: mirror.origin, first, second, split: undefined, validators })
}

/** Another block in the place of one that was decided, as long as its set is that which is linked. */
function headerForkOf({ mirror, numberOf }: Shown, oldSize: number, isTrue: boolean, random: SeededRandom) {
  const lastSet = mirror.setAt(oldSize + 1)
  const height = oldSize + 1
  if (height > mirror.height) return undefined
  const set = mirror.setAt(height)
  const people = set.map(numberOf)
  const signers = isTrue ? people : people.slice(0, ledgerQuorum(set.length) - 1)
  const first = mirror.at(height)
  const time = first.header.time
  const second = mirror.fork(oldSize).block({ stateRoot: sha256(random.bytes(4)), time, signers })
  const conflict = { first, second, firstSet: set, secondSet: set, older: undefined }
  return encodeHeaderFork({ origin: mirror.origin, conflict, lastSet })
}

export function faultSource({ mirror, signerOf }: Pick<Shown, 'mirror' | 'signerOf'>): FaultSource {
  return {
    origin: mirror.origin,
    setOf: (height) => ({
      validators: mirror.setAt(height),
      header: mirror.at(height).header,
      path: historyPath(mirror.log.hashes, height - 1, mirror.height)!,
      size: mirror.height,
    }),
    signerOf,
    note: (size) => ({
      own: mirror.noteBytes(size, mirror.setAt(size).length),
      proof: mirror.consistency(size, mirror.height),
    }),
  }
}

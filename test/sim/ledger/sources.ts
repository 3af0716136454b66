/** What those who act show of a chain, from the headers that were decided: heads for other chains to link, and faults of its validators. */
import { changesBetween } from '../../../src/chain/blocks/set-root.ts'
import { encodeGenesis, historyPath, type Validator } from '../../../src/chain/index.ts'
import type { Signer } from '../../../src/crypto/index.ts'
import type { TestLedger } from '../../chain/light/ledger.ts'
import type { FaultSource, LinkSource } from './acts/acting.ts'

export interface Shown {
  readonly mirror: TestLedger
  /** Keys of people who are in no set any more. */
  readonly bad: () => readonly number[]
  /** Wall time. */
  readonly now: () => number
  readonly signerOf: (validator: Validator) => Signer
}

export function linkSource(shown: Shown): LinkSource {
  const { mirror } = shown
  return {
    origin: mirror.origin,
    genesis: encodeGenesis(mirror.genesis),
    get height() {
      return mirror.height
    },
    link: (oldSize, forged) => linkOf(shown, oldSize, forged),
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

/** A chain whose headers before the running block are made by the test, and a validator that broke a lock on it. */
import { blockIdOf } from '../../../src/chain/blocks/blocks.ts'
import { setRoot } from '../../../src/chain/blocks/set-root.ts'
import { claimBytes, voteBytes } from '../../../src/chain/blocks/signing.ts'
import {
  type BlockHeader,
  type BrokenLock,
  encodeBrokenLock,
  HistoryLog,
  historyPath,
  historyRoot,
  lightRules,
  lockCharge,
  type SetOfHeight,
  type Vote,
} from '../../../src/chain/index.ts'
import { type Signer, sha256 } from '../../../src/crypto/index.ts'
import {
  ACCOUNTS,
  ADMISSION,
  AUTHORITY,
  decodePayload,
  LINKS,
  ledgerModules,
  type Payload,
} from '../../../src/ledger/index.ts'
import { chainId, scheme } from '../../chain/one.ts'
import { signerOf } from './admission-world.ts'
import { nodeBlocks } from './node-blocks.ts'

export const ZERO = new Uint8Array(32)
export const [X, Y] = [sha256(Uint8Array.of(1)), sha256(Uint8Array.of(2))]
export const HOUR = 3_600_000

export const payloadOf = (bytes: Uint8Array): Payload => {
  const { kind, fields } = decodePayload(bytes)
  return [kind, ...fields]
}

/** A chain whose headers before the running block are made by the test. */
export function faultsWorld() {
  const chain = nodeBlocks(ledgerModules, [ACCOUNTS, ADMISSION, AUTHORITY, LINKS])
  const set = chain.validators()
  const signers = set.map(({ publicKey }) =>
    [0, 1, 2, 3].map((i) => signerOf(`voting key ${i}`)).find((one) => one.publicKey.join() === publicKey.join()),
  ) as Signer[]
  const log = new HistoryLog()
  const headers: BlockHeader[] = []
  const headerAt = (height: number): BlockHeader => {
    while (headers.length < height) {
      const ledger = {
        afterValidatorsRoot: setRoot(set),
        resultsRoot: ZERO,
        historyRoot: historyRoot(log.edge),
        evidenceRoot: ZERO,
        rules: 1,
        nextRules: undefined,
      }
      const header: BlockHeader = {
        chainId,
        height: headers.length + 1,
        time: chain.now() + headers.length,
        proposer: set[0]!.id,
        previousId: ZERO,
        transactionsRoot: ZERO,
        stateRoot: ZERO,
        validatorsHash: setRoot(set),
        nextValidatorsHash: setRoot(set),
        extension: Uint8Array.of(0),
        lastCertificateHash: ZERO,
        ledger,
      }
      headers.push(header)
      log.append(blockIdOf(header))
    }
    return headers[height - 1]!
  }
  /** One block whose history is that of the headers. */
  const codes = (...said: Parameters<typeof chain.codes>) => {
    headerAt(chain.height())
    return chain.block(said, { history: historyRoot(log.edge) }).map(({ code }) => code)
  }
  const setAt = (height: number): SetOfHeight => {
    const header = headerAt(height)
    return { validators: set, header, path: historyPath(log.hashes, height - 1, headers.length)!, size: headers.length }
  }
  return { ...chain, set, signers, log, codes, setAt }
}

export function voteOf(by: Signer, kind: Vote['kind'], height: number, round: number, blockId: Uint8Array): Vote {
  const content = { kind, height, round, blockId }
  return { ...content, signer: by.publicKey, signature: by.sign(voteBytes(chainId, content)) }
}

/** Validator `who` precommitted X in round 0 and prevoted Y in round 2, whose claim names no valid round. */
export function brokenLock(signers: readonly Signer[], who: number, height: number): BrokenLock {
  const round = 2
  const proposer = signers[(height + round) % signers.length]!
  const claim = { height, round, validRound: -1, blockId: Y }
  return {
    kind: 'lock',
    chainId,
    first: voteOf(signers[who]!, 'precommit', height, 0, X),
    second: voteOf(signers[who]!, 'prevote', height, round, Y),
    claim: { ...claim, signer: proposer.publicKey, signature: proposer.sign(claimBytes(chainId, claim)) },
  }
}

export function prevotes(signers: readonly Signer[], height: number, round: number, blockId: Uint8Array, count = 3) {
  const signatures = signers
    .slice(0, count)
    .map((by, index) => ({ index, signature: voteOf(by, 'prevote', height, round, blockId).signature }))
  return { scheme: 1 as const, height, round, blockId, signatures }
}

/** At height 2, by the second validator of the set. */
export function accused() {
  const chain = faultsWorld()
  for (let i = 0; i < 4; i++) chain.codes()
  const lock = { accusation: brokenLock(chain.signers, 1, 2), at: chain.setAt(2) }
  const place = { chainId, time: chain.now(), rootOf: () => historyRoot(chain.log.edge) }
  const { id } = lockCharge(lightRules(scheme), lock, place)!
  const payload = payloadOf(encodeBrokenLock(lock))
  return { chain, lock, id, payload, liar: chain.set[1]! }
}

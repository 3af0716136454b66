import { describe, expect, it } from 'vitest'
import { concatBytes, equalBytes, type Store } from '../../../src/base/index.ts'
import { encodeHeader, makeBlock, ZERO_HASH } from '../../../src/chain/blocks/blocks.ts'
import { certifiedToValue } from '../../../src/chain/blocks/messages.ts'
import { setRoot } from '../../../src/chain/blocks/set-root.ts'
import { encodingOf } from '../../../src/chain/blocks/transaction-lists.ts'
import { limits } from '../../../src/chain/limits.ts'
import type { VoteRecord } from '../../../src/chain/machine/guard.ts'
import { blockWrites, KIND, readBlock, storeKey, transactionsRange } from '../../../src/chain/run/block-rows.ts'
import { ChainStore } from '../../../src/chain/run/chain-store.ts'
import { dropChain, retireVotes, storedBlocks, storedHeight } from '../../../src/chain/run/stored-chain.ts'
import type { BlockCertificate, CertifiedBlock, Snapshot } from '../../../src/chain/types.ts'
import { encodeCanonical, sha256 } from '../../../src/crypto/index.ts'
import { createMemoryDisk, seededRandom } from '../../../src/sim/index.ts'
import { people } from '../one.ts'

const MINUTE = 60_000
const START = 1_800_000_000_000
const chainId = new Uint8Array(32).fill(9)
const { validators } = people(31)
const keepAll = { keepBlocks: undefined }

/** A signature of each of them; who counts which votes is not told from the others'. */
function certificate(height: number, blockId: Uint8Array, whose: number, votes: number): BlockCertificate {
  const signature = new Uint8Array(64).fill(whose)
  return {
    scheme: 1,
    height,
    round: 0,
    blockId,
    signatures: Array.from({ length: votes }, (_, at) => ({ index: at + (whose % 10), signature })),
  }
}

/** Blocks of a minute each. Every fifth was decided here by other votes than the next proposer counted. */
function ledgerBlocks(count: number, votes = 21): CertifiedBlock[] {
  const blocks: CertifiedBlock[] = []
  let last: BlockCertificate | undefined
  for (let height = 1; height <= count; height++) {
    const block = makeBlock(
      {
        chainId,
        height,
        time: START + height * MINUTE,
        proposer: validators[height % 31]!.id,
        previousId: blocks.at(-1)?.block.id ?? ZERO_HASH,
        stateRoot: sha256(Uint8Array.of(height & 255)),
        validatorsHash: setRoot(validators),
        nextValidatorsHash: setRoot(validators),
        extension: new Uint8Array(),
        ledger: {
          afterValidatorsRoot: setRoot(validators),
          resultsRoot: ZERO_HASH,
          historyRoot: ZERO_HASH,
          rules: 1,
          nextRules: undefined,
        },
      },
      height % 3 === 0 ? [Uint8Array.of(height)] : [],
      last,
    )
    const own = certificate(height, block.id, 1, votes)
    blocks.push({ block, certificate: own })
    last = height % 5 === 0 ? certificate(height, block.id, 2, votes) : own
  }
  return blocks
}

const disk = () => createMemoryDisk({ random: seededRandom(1) }).open()
const bytesOf = (one: CertifiedBlock) => encodeCanonical(certifiedToValue(one))
const blocks = ledgerBlocks(30)

function snapshotAt(height: number): Snapshot {
  const { block, certificate: decided } = blocks[height - 1]!
  const sets = { validators, nextValidators: validators, afterValidators: validators }
  return { head: { header: block.header, certificate: decided, ...sets, size: 0 }, state: new Uint8Array() }
}

/** As releases before wrote them: both certificates in each row. */
function putAsBefore(store: Store, one: CertifiedBlock): void {
  const key = storeKey(chainId, KIND.block, one.block.header.height)
  store.batch([{ kind: 'put', key, value: bytesOf(one) }], { durable: true })
}

function put(store: ChainStore, ...some: readonly CertifiedBlock[]): void {
  for (const one of some) store.putBlock(one, undefined, keepAll, [])
}

function sizeOf(store: Store): number {
  let bytes = 0
  for (const [key, value] of store.range(new Uint8Array())) bytes += key.length + value.length
  return bytes
}

describe('blocks of a ledger on disk', () => {
  it('gives back what was put, with the certificate that the next block names', () => {
    const pairs = disk()
    put(new ChainStore(chainId, pairs, disk()), ...blocks)
    const store = new ChainStore(chainId, pairs, disk())
    for (const [index, one] of blocks.entries()) {
      const read = store.block(index + 1)!
      const next = blocks[index + 1]
      const expected = next === undefined ? one : { block: one.block, certificate: next.block.lastCertificate! }
      expect(bytesOf(read)).toEqual(bytesOf(expected))
    }
    expect(encodeHeader(store.header(9)!.header)).toEqual(encodeHeader(blocks[8]!.block.header))
    expect(store.header(31)).toBeUndefined()
    expect(store.blocksFrom(1)[0]!.block.id).toEqual(blocks[0]!.block.id)
    expect([...store.blocks(7)].map(({ block }) => block.header.height)[0]).toBe(7)
  })

  it('hands a large list of transactions on as it is encoded already, in the row that it always stood in', () => {
    const transactions = Array.from({ length: 300 }, (_, i) => new Uint8Array(500).fill(i))
    const { block, certificate: decided } = blocks[0]!
    const one = { block: { ...block, transactions }, certificate: decided }
    const row = blockWrites(chainId, one, undefined)[0]!
    const pieces = row.kind === 'put' ? row.value : []
    expect(pieces[1]).toBe(encodingOf(transactions))
    const whole = concatBytes(...(pieces as Uint8Array[]))
    expect(Buffer.compare(whole, encodeCanonical([1, transactions, []]))).toBe(0)
    const pairs = disk()
    pairs.batch(blockWrites(chainId, one, undefined), { durable: true })
    expect(readBlock(chainId, pairs, 1)?.block.transactions).toEqual(transactions)
  })

  it('keeps each certificate once', () => {
    const [once, twice] = [disk(), disk()]
    put(new ChainStore(chainId, once, disk()), ...blocks)
    for (const one of blocks) putAsBefore(twice, one)
    const certificateBytes = 21 * 64
    expect(sizeOf(twice) - sizeOf(once)).toBeGreaterThan(29 * (certificateBytes - 60))
  })

  it('goes on with a file of a release that kept it twice', () => {
    const pairs = disk()
    for (const one of blocks.slice(0, 12)) putAsBefore(pairs, one)
    put(new ChainStore(chainId, pairs, disk()), ...blocks.slice(12))
    const store = new ChainStore(chainId, pairs, disk())
    expect([...store.blocks(1)].map(({ block }) => block.id)).toEqual(blocks.map(({ block }) => block.id))
    expect(
      store
        .blocksFrom(10)
        .map(({ block }) => block.header.height)
        .slice(0, 5),
    ).toEqual([10, 11, 12, 13, 14])
    for (const height of [3, 12, 13]) {
      const { header, certificate: decided } = store.header(height)!
      expect(encodeHeader(header)).toEqual(encodeHeader(blocks[height - 1]!.block.header))
      expect(decided.blockId).toEqual(blocks[height - 1]!.block.id)
    }
    expect(storedHeight(chainId, pairs, 1)).toBe(30)
    expect([...storedBlocks(chainId, pairs, 1)].every(({ decided }) => decided !== undefined)).toBe(true)
  })

  it('keeps the certificate of a hundred validators in rows that share pages, and drops all of them', () => {
    const many = ledgerBlocks(30, 67)
    const pairs = disk()
    const store = new ChainStore(chainId, pairs, disk())
    put(store, ...many.slice(0, 19))
    for (const [, value] of pairs.range(new Uint8Array())) expect(value.length).toBeLessThan(2_000)
    const again = new ChainStore(chainId, pairs, disk())
    for (const height of [1, 4, 5, 12, 19]) {
      const named = many[height]!.block.lastCertificate!
      const expected = height === 19 ? many[18]! : { block: many[height - 1]!.block, certificate: named }
      expect(bytesOf(again.block(height)!)).toEqual(bytesOf(expected))
      expect(again.header(height)!.certificate).toEqual(expected.certificate)
    }
    store.putBlock(many[19]!, snapshotAt(20), { keepBlocks: 2, keepMs: 8 * MINUTE }, [])
    expect(again.block(12)!.block.id).toEqual(many[11]!.block.id)
    for (const [kind, to] of [
      [KIND.certificate, 11],
      [KIND.certificateRest, 11 * 4],
    ] as const)
      expect([...pairs.range(storeKey(chainId, kind), storeKey(chainId, kind, to))]).toEqual([])
    pairs.batch([{ kind: 'delete', key: storeKey(chainId, KIND.certificateRest, 14 * 4 + 2) }], { durable: true })
    expect(() => new ChainStore(chainId, pairs, disk()).block(14)).toThrow('without its certificate')
    store.putSnapshot(snapshotAt(20))
    expect([
      ...pairs.range(storeKey(chainId, KIND.certificateRest), storeKey(chainId, KIND.certificateRest, 20 * 4)),
    ]).toEqual([])
    dropChain(chainId, pairs)
    expect(sizeOf(pairs)).toBe(0)
  })

  it('drops what is too old, and can still read the first block that stays', () => {
    const pairs = disk()
    const store = new ChainStore(chainId, pairs, disk())
    put(store, ...blocks.slice(0, 19))
    store.putBlock(blocks[19]!, snapshotAt(20), { keepBlocks: 2, keepMs: 8 * MINUTE }, [])
    const again = new ChainStore(chainId, pairs, disk())
    expect(again.block(11)).toBeUndefined()
    expect(again.block(12)!.block.id).toEqual(blocks[11]!.block.id)
    for (const kind of [KIND.certificate, KIND.header])
      expect([...pairs.range(storeKey(chainId, kind), storeKey(chainId, kind, 11))]).toEqual([])
    expect(again.header(11)).toBeUndefined()
  })

  it('drops a part at a time where all were kept until now', () => {
    const pairs = disk()
    const store = new ChainStore(chainId, pairs, disk())
    const many = ledgerBlocks(limits.DROPPED_AT_ONCE + 300)
    put(store, ...many.slice(0, -2))
    const drop = (one: CertifiedBlock) => store.putBlock(one, snapshotAt(20), { keepBlocks: 100 }, [])
    drop(many.at(-2)!)
    expect(store.block(limits.DROPPED_AT_ONCE)).toBeUndefined()
    expect(store.block(limits.DROPPED_AT_ONCE + 1)).toBeDefined()
    drop(many.at(-1)!)
    expect(store.block(limits.DROPPED_AT_ONCE + 199)).toBeUndefined()
    expect(store.block(limits.DROPPED_AT_ONCE + 200)).toBeDefined()
  })

  it('begins anew behind a snapshot', () => {
    const pairs = disk()
    const store = new ChainStore(chainId, pairs, disk())
    put(store, ...blocks.slice(0, 5))
    store.putSnapshot(snapshotAt(20))
    put(store, ...blocks.slice(20))
    const again = new ChainStore(chainId, pairs, disk())
    expect(again.block(5)).toBeUndefined()
    expect([...again.blocks(1)].map(({ block }) => block.header.height)).toEqual([
      21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
    ])
    dropChain(chainId, pairs)
    expect(sizeOf(pairs)).toBe(0)
  })

  it('says that a block without its header or certificate is damaged', () => {
    const pairs = disk()
    put(new ChainStore(chainId, pairs, disk()), ...blocks)
    pairs.batch([{ kind: 'delete', key: storeKey(chainId, KIND.certificate, 8) }], { durable: true })
    pairs.batch([{ kind: 'delete', key: storeKey(chainId, KIND.header, 20) }], { durable: true })
    const store = new ChainStore(chainId, pairs, disk())
    expect(() => store.block(20)).toThrow('without its header')
    expect(() => store.block(8)).toThrow('without its certificate')
    expect(() => store.block(9)).toThrow('without its certificate')
    expect(equalBytes(store.block(10)!.block.id, blocks[9]!.block.id)).toBe(true)
    const found = [...storedBlocks(chainId, pairs, 1)].filter(({ decided }) => decided === undefined)
    expect(found.map(({ height }) => height)).toEqual([8, 9, 20])
  })
})

describe('votes on disk', () => {
  const large = () => {
    const list = Array.from({ length: limits.TRANSACTIONS_APART + 5 }, (_, n) => new Uint8Array(400).fill(n))
    const { header, lastCertificate } = blocks[1]!.block
    const { transactionsRoot: _, lastCertificateHash: __, ...rest } = header
    const { evidenceRoot: ___, ...ledger } = rest.ledger!
    return makeBlock({ ...rest, ledger }, list, lastCertificate)
  }
  const block = large()
  const bytes = encodingOf(block.transactions).length
  const signed = (step: 'propose' | 'prevote' | 'precommit') => ({
    step,
    digest: block.id,
    signature: new Uint8Array(64).fill(3),
  })
  const record = (over: Partial<VoteRecord> = {}): VoteRecord => ({
    height: 2,
    round: 0,
    signed: [signed('prevote')],
    ids: [block.id],
    earlier: [],
    proposed: undefined,
    locked: undefined,
    valid: undefined,
    ...over,
  })
  const proposed = { block, validRound: -1, proof: undefined }
  const locked = { round: 0, block }

  it('have the transactions of a large block beside them once, and are read back whole', () => {
    const votes = disk()
    const written: number[] = []
    const counted: Store = {
      get: (key) => votes.get(key),
      range: (from, to) => votes.range(from, to),
      written: (done) => votes.written(done),
      batch(writes, options) {
        written.push(writes.reduce((sum, one) => sum + (one.kind === 'put' ? one.value.length : 0), 0))
        votes.batch(writes, options)
      },
    } as Store
    const store = new ChainStore(chainId, disk(), counted)
    store.putRecord(record({ proposed }))
    store.putRecord(record({ proposed, signed: [signed('propose'), signed('prevote')], ids: [block.id, block.id] }))
    store.putRecord(record({ proposed, locked }))
    expect(written[0]).toBeGreaterThan(bytes)
    for (const later of written.slice(1)) expect(later).toBeLessThan(4_000)
    const again = new ChainStore(chainId, disk(), votes)
    expect(again.record()).toEqual(record({ proposed, locked }))
    // After a restart, too.
    again.putRecord(record({ locked }))
    expect(again.record()).toEqual(record({ locked }))
    expect(sizeOf(votes)).toBeLessThan(bytes + 4_000)
    again.putRecord(record({ height: 3 }))
    expect(sizeOf(votes)).toBeLessThan(1_000)
  })

  it('are damaged without them, and never taken for less', () => {
    const votes = disk()
    new ChainStore(chainId, disk(), votes).putRecord(record({ locked }))
    const [[key] = []] = [...votes.range(...transactionsRange(chainId))]
    const other = encodingOf(block.transactions.slice(1))
    votes.batch([{ kind: 'put', key: key!, value: other }], { durable: true })
    expect(() => new ChainStore(chainId, disk(), votes).record()).toThrow('do not belong together')
    votes.batch([{ kind: 'delete', key: key! }], { durable: true })
    expect(() => new ChainStore(chainId, disk(), votes).record()).toThrow('without the transactions')
  })

  it('of a chain that is over leave a mark only', () => {
    const votes = disk()
    new ChainStore(chainId, disk(), votes).putRecord(record({ locked }))
    retireVotes(chainId, votes)
    expect(sizeOf(votes)).toBeLessThan(100)
  })
})

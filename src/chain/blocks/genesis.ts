/** What a ledger chain begins with. Its hash is the chain's id, so whoever has the id can check the rest. */
import { type CborField, type CborValue, encodeCanonical, sha256, signedBytes } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { malformed, readBytes, readCbor, readInteger, readMap, readRow, readUtf8 } from '../reading.ts'
import type { Validator } from '../types.ts'
import { entriesFromValue, entriesToValue } from './set-root.ts'

export interface Genesis {
  readonly ringId: string
  /** `root`, or the TLD in lower case. */
  readonly name: string
  /** Unix ms. */
  readonly time: number
  /** Sorted. */
  readonly validators: readonly Validator[]
  readonly heartbeatMs: number
  readonly intervalMs: number
  /** Number of the first rules. */
  readonly rules: number
  readonly application: Uint8Array
}

/** The quorum of all ledger chains: more than 2n/3. */
const TWO_THIRDS = 0
const text = new TextEncoder()

export function encodeGenesis(genesis: Genesis): Uint8Array {
  return encodeCanonical(
    new Map<number, CborValue>([
      [0, 1],
      [1, text.encode(genesis.ringId)],
      [2, text.encode(genesis.name)],
      [3, genesis.time],
      [4, entriesToValue(genesis.validators)],
      [5, TWO_THIRDS],
      [6, [genesis.heartbeatMs, genesis.intervalMs]],
      [7, genesis.rules],
      [8, genesis.application],
    ]),
  )
}

/** Throws CHAIN_MALFORMED. */
export function decodeGenesis(bytes: Uint8Array): Genesis {
  const fields = readMap(readCbor(bytes, limits.MAX_GENESIS_BYTES, 'genesis'), 'genesis')
  if (fields.get(0) !== 1 || fields.size !== 9) throw malformed('a genesis of another version')
  if (fields.get(5) !== TWO_THIRDS) throw malformed('a quorum that no ledger chain has')
  const [heartbeat, interval] = readRow(fields.get(6), 2, 'timing')
  return {
    ringId: readUtf8(fields.get(1), limits.MAX_RING_ID_BYTES, 'ring id'),
    name: readUtf8(fields.get(2), limits.MAX_CHAIN_NAME_BYTES, 'name of the chain'),
    time: readCount(fields.get(3), 'time'),
    validators: entriesFromValue(fields.get(4)),
    heartbeatMs: readCount(heartbeat, 'heartbeat'),
    intervalMs: readCount(interval, 'interval'),
    rules: readInteger(fields.get(7), 0, limits.MAX_RULES, 'rules'),
    application: readBytes(fields.get(8), 0, limits.MAX_GENESIS_APPLICATION_BYTES, 'genesis of the application'),
  }
}

const readCount = (value: CborField, what: string) => readInteger(value, 0, Number.MAX_SAFE_INTEGER, what)

export function ledgerChainId(genesis: Genesis): Uint8Array {
  return sha256(signedBytes('chordns/ledger-chain/1', encodeGenesis(genesis)))
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeTransaction, signTransaction } from '../../src/chain/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import {
  decodeTableHeader,
  decodeTableRecord,
  encodeTableHeader,
  encodeTableRecord,
  tableRecordOf,
} from '../../src/ledger/index.ts'
import { chainId, scheme } from '../chain/one.ts'

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const u32 = fc.nat(0xffff_ffff)

describe('the tables of the patent', () => {
  it('have headers of 137 bytes that read back as they were', () => {
    const header = fc.record({
      schema: u32,
      previousId: hash,
      proposer: hash,
      recordRoot: hash,
      storedRoot: hash,
      time: u32,
      nodeOperation: fc.nat(3),
    })
    fc.assert(
      fc.property(header, (one) => {
        const bytes = encodeTableHeader(one)
        expect(bytes).toHaveLength(137)
        expect(decodeTableHeader(bytes)).toEqual(one)
      }),
    )
    expect(() => decodeTableHeader(new Uint8Array(136))).toThrow()
  })

  it('have records of 524 bytes, with the payload or its hash', () => {
    const signer = scheme.signer(sha256(Uint8Array.of(1)))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (payload, isRoot) => {
        const content = { nonce: 1, fee: 2, expires: 1_800_000_000_000, payload }
        const transaction = decodeTransaction(signTransaction(signer, chainId, content))
        const place = { chainName: isRoot ? 'root' : 'p2p', operation: 40, time: 1_800_000_000_999 }
        const record = tableRecordOf(transaction, place)
        const bytes = encodeTableRecord(record)
        expect(bytes).toHaveLength(524)
        expect(decodeTableRecord(bytes)).toEqual(record)
        expect(record.attributes & 1).toBe(isRoot ? 0 : 1)
        const shown = payload.length > 256 ? sha256(payload) : payload
        expect(record.attributes >> 1).toBe(Number(payload.length > 256))
        expect(record.content.slice(0, shown.length)).toEqual(new Uint8Array(shown))
        expect(record.time).toBe(1_800_000_000)
      }),
    )
    expect(() => decodeTableRecord(new Uint8Array(525))).toThrow()
  })
})

/** Whatever the packet, the outcome is a message or DNS_MALFORMED. Seeded: a failure names the run that shows it again. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isChordnsError, toHex } from '../../src/base/index.ts'
import {
  canonicalRRset,
  decodeMessage,
  encodeMessage,
  groupRRsets,
  type Message,
  nameToText,
  optionsOf,
  peekHeader,
  rdataToText,
  readEde,
  viewRdata,
} from '../../src/dns/index.ts'
import { seededRandom } from '../../src/sim/index.ts'
import { effort } from '../setup/effort.ts'
import { message } from './arbitrary.ts'

const SEED = 20_261_121
const CORPUS = 150
const MUTANTS = effort(2_000, 6_000)

/** Octets that steer a decoder: lengths, pointers, counts. */
const STEERING = [0x00, 0x01, 0x3f, 0x40, 0x80, 0xc0, 0xc1, 0xff, 0x0c, 0x29]

function mutate(bytes: Uint8Array, below: (bound: number) => number): Uint8Array {
  let out = Array.from(bytes)
  for (let times = 1 + below(4); times > 0; times--) {
    const at = below(out.length + 1)
    const kind = below(6)
    if (kind === 0) out[at % out.length] = below(256)
    else if (kind === 1) out[at % out.length] = STEERING[below(STEERING.length)]!
    else if (kind === 2) out.splice(at, 1 + below(4))
    else if (kind === 3) out.splice(at, 0, ...Array.from({ length: 1 + below(4) }, () => below(256)))
    else if (kind === 4) out = out.slice(0, at)
    else out.splice(at, 0, ...out.slice(below(out.length), below(out.length)).slice(0, 60))
    if (out.length === 0) out.push(0)
  }
  return Uint8Array.from(out)
}

function unlessMalformed<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (isChordnsError(error, 'DNS_MALFORMED')) return undefined
    throw error
  }
}

/** Everything that the rooms above do with a packet from outside. */
function useAll(one: Message): void {
  for (const records of [one.answers, one.authorities, one.additionals]) {
    for (const rrset of groupRRsets(records)) {
      nameToText(rrset.name)
      unlessMalformed(() => canonicalRRset(rrset))
      for (const rdata of [...rrset.rdatas, ...rrset.signatures]) {
        rdataToText(rrset.type, rdata)
        unlessMalformed(() => viewRdata(rrset.type, rdata))
      }
    }
  }
  readEde(optionsOf(one))
}

describe('mutated packets', () => {
  it('are refused as malformed, or are messages that survive another round', () => {
    const corpus = fc.sample(message, { seed: SEED, numRuns: CORPUS }).map((one) => encodeMessage(one))
    let accepted = 0
    for (let run = 0; run < MUTANTS; run++) {
      const bytes = mutate(corpus[run % CORPUS]!, seededRandom(SEED + run).below)
      try {
        peekHeader(bytes)
        const decoded = unlessMalformed(() => decodeMessage(bytes))
        if (decoded === undefined) continue
        accepted++
        useAll(decoded)
        expect(decodeMessage(encodeMessage(decoded))).toEqual(decoded)
      } catch (error) {
        throw new Error(`run ${run}: ${toHex(bytes)}`, { cause: error })
      }
    }
    // The test would prove little if the mutants were all rubbish, or all harmless.
    expect(accepted).toBeGreaterThan(MUTANTS / 20)
    expect(accepted).toBeLessThan((MUTANTS * 9) / 10)
  })

  it('may as well be noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const decoded = unlessMalformed(() => decodeMessage(bytes))
        if (decoded !== undefined) useAll(decoded)
      }),
      { seed: SEED, numRuns: effort(700, 2_000) },
    )
  })

  it('never make rdata views throw anything else, for any type and any octets', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.uint8Array({ maxLength: 60 }), (type, rdata) => {
        unlessMalformed(() => viewRdata(type, rdata))
        rdataToText(type, rdata)
      }),
      { seed: SEED, numRuns: effort(3_000, 10_000) },
    )
  })
})

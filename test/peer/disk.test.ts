import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Log } from '../../src/base/index.ts'
import { openSeals } from '../../src/chunk-chains/disk/seals.ts'
import type { Config } from '../../src/config/index.ts'
import { openDataFile, openStoredChains } from '../../src/peer/disk.ts'
import { createMemoryDisk, seededRandom } from '../../src/sim/index.ts'

let data: string
let errors: string[]
const log: Log = { debug() {}, info() {}, warn() {}, error: (_, message) => void errors.push(message) }
/** Both files of a member of a ring, as it opens them. */
async function open() {
  const config = { data, ring: { enabled: true, byDefault: false } } as Config
  const file = (await openDataFile(config, { log }, { onBroken: ({ message }) => errors.push(message) }))!
  return { file, votes: await file.openVotes() }
}

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'chordns-keep-'))
  errors = []
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

const key = Uint8Array.of(7, 7, 7)
const value = new Uint8Array(300).fill(0x5a)

/** Turns a bit in the value as it stands in the file. */
function damage(): void {
  const file = join(data, 'votes.db')
  const bytes = readFileSync(file)
  const at = bytes.indexOf(Buffer.alloc(100, 0x5a))
  expect(at).toBeGreaterThan(0)
  bytes[at + 50]! ^= 1
  writeFileSync(file, bytes)
}

describe('votes.db', () => {
  it('never gives out a damaged record as one that is not there', async () => {
    const { file, votes } = await open()
    votes.batch([{ kind: 'put', key, value }], { durable: true })
    await file.close()
    damage()
    const again = await open()
    expect(() => again.votes.get(key)).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }))
    expect(again.votes.get(Uint8Array.of(1))).toBeUndefined()
    await again.file.close()
  })

  it('with a damaged mark, or one of another data.db, seals the chains that are there', async () => {
    const random = seededRandom('seals')
    let now = 1_800_000_000_000
    const since = { clock: { now: () => now }, isUsedKey: false }
    const chains = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
    const { file, votes } = await open()
    const store = createMemoryDisk({ random }).open()
    expect(openSeals(store, votes, [], random, log, since).isSealed(chains[0]!)).toBe(false)
    // The same again: the two belong together.
    expect(openSeals(store, votes, chains, random, log, since).isSealed(chains[0]!)).toBe(false)
    expect(errors).toEqual([])
    votes.batch([{ kind: 'put', key: Uint8Array.of(0), value: new Uint8Array(16) }], { durable: true })
    const seals = openSeals(store, votes, chains, random, log, since)
    expect(chains.map((chainId) => seals.isSealed(chainId))).toEqual([true, true])
    // Others that it hears of within a day may have been there before; what begins later was not.
    const [soon, late] = [new Uint8Array(32).fill(3), new Uint8Array(32).fill(4)]
    expect(seals.isSealed(soon)).toBe(true)
    now += 25 * 3_600_000
    expect([soon, late].map((chainId) => seals.isSealed(chainId))).toEqual([true, false])
    expect(errors.join()).toContain('votes.db is not the one that belongs to data.db')
    // Once is enough.
    errors = []
    expect(openSeals(store, votes, chains, random, log, since).isSealed(chains[1]!)).toBe(true)
    expect(errors).toEqual([])
    await file.close()
  })

  it('lost together with data.db, seals what a key that was used before hears of within a day', () => {
    const random = seededRandom('seals')
    const clock = { now: () => 1_800_000_000_000 }
    const chain = new Uint8Array(32).fill(1)
    const fresh = () => createMemoryDisk({ random }).open()
    expect(openSeals(fresh(), fresh(), [], random, log, { clock, isUsedKey: false }).isSealed(chain)).toBe(false)
    expect(errors).toEqual([])
    expect(openSeals(fresh(), fresh(), [], random, log, { clock, isUsedKey: true }).isSealed(chain)).toBe(true)
    expect(errors.join()).toContain('signs nothing in them for a day')
    // data.db alone may go: the votes say what was signed.
    const votes = fresh()
    openSeals(fresh(), votes, [], random, log, { clock, isUsedKey: true })
    expect(openSeals(fresh(), votes, [], random, log, { clock, isUsedKey: true }).isSealed(chain)).toBe(false)
  })
})

describe('a look at what is kept', () => {
  it('is refused while the node runs, and sees all that it kept when it has stopped', async () => {
    const { file, votes } = await open()
    file.chains.batch([{ kind: 'put', key, value }], { durable: false })
    votes.batch([{ kind: 'put', key, value }], { durable: true })
    expect(() => openStoredChains(data, log)).toThrow(expect.objectContaining({ code: 'STORE_BUSY' }))
    await file.close()
    const stored = openStoredChains(data, log)!
    expect([stored.chains.get(key), stored.votes?.get(key)]).toEqual([value, value])
    stored.close()
  })

  it('makes nothing, and puts nothing aside', () => {
    expect(openStoredChains(data, log)).toBeUndefined()
    const file = join(data, 'data.db')
    writeFileSync(file, 'no database at all')
    expect(() => openStoredChains(data, log)).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }))
    expect(readFileSync(file, 'utf8')).toBe('no database at all')
  })
})

import { describe, expect, it } from 'vitest'
import { ChordnsError } from '../../../src/base/index.ts'
import { type Name, parseName } from '../../../src/dns/index.ts'
import { type CdsEvidence, type NameRecord, nameTransferPayload, type Payload } from '../../../src/ledger/index.ts'
import { CdsCarrier, type CdsCarrierOptions } from '../../../src/peer/carrying/carrier.ts'
import { limits } from '../../../src/peer/carrying/limits.ts'
import { Looks } from '../../../src/peer/carrying/looks.ts'
import { seededRandom } from '../../../src/sim/index.ts'
import { chainId } from '../../chain/one.ts'
import { dsFor } from '../../dnssec/signing-keys.ts'
import { carrierOf, nameBlocks, ownerOf, START, text, zone } from '../../ledger/modules/names/blocks.ts'
import { evidence, next } from '../../ledger/modules/names/cds-evidence.ts'
import { testClock } from '../../setup/clock.ts'

const MINUTE = 60_000
const alice = ownerOf('alice')

describe('a node that carries CDS sets', () => {
  it('brings the set of a name that it was told as soon as it asks for other keys, and not before', async () => {
    const scene = carrying({ names: [zone] })
    await scene.pass(30 * MINUTE)
    expect(scene.carrier.stats()).toMatchObject({ sent: 0 })
    expect(scene.carrier.stats().looks).toBeGreaterThanOrEqual(3)
    scene.sets = evidence({ to: [next] })
    await scene.pass(12 * MINUTE)
    expect(scene.record().settings?.ds).toEqual([dsFor(zone, next)])
    expect(scene.carrier.stats()).toMatchObject({ sent: 1, carried: 1 })
    // The set stays in the zone for a while: it asks for nothing new.
    await scene.pass(60 * MINUTE)
    expect(scene.carrier.stats()).toMatchObject({ sent: 1 })
  })

  it('pays for nothing that the chain would refuse: a set by strangers, an old one, a name whose owner switched it off', async () => {
    const scene = carrying({ names: [zone] })
    scene.sets = evidence({ to: [next], cdsBy: next })
    await scene.pass(30 * MINUTE)
    scene.sets = evidence({ to: [next], inception: START / 1_000 + 10 * 86_400 })
    await scene.pass(30 * MINUTE)
    scene.blocks.block([], 62 * MINUTE)
    scene.blocks.block([
      { by: carrierOf('x'), payload: nameTransferPayload(alice, scene.blocks.place(), ownerOf('bob').publicKey) },
    ])
    scene.sets = evidence({ to: [next] })
    await scene.pass(30 * MINUTE)
    expect(scene.record().settings?.updateByCds).toBe(false)
    expect(scene.carrier.stats()).toMatchObject({ sent: 0 })
  })

  it('sends nothing when another carrier was first', async () => {
    const scene = carrying({ names: [zone] })
    scene.sets = evidence({ to: [next] })
    const other = carrying({ names: [zone] }, scene)
    await scene.pass(12 * MINUTE)
    expect(scene.carrier.stats().sent + other.carrier.stats().sent).toBe(1)
  })

  it('sends the same set once a day when it does nothing, and once more when it was never decided', async () => {
    const scene = carrying({ names: [zone] })
    scene.sets = evidence({ to: [next] })
    scene.code = 9
    await scene.pass(6 * 60 * MINUTE)
    expect(scene.carrier.stats()).toMatchObject({ sent: 1, carried: 0 })
    const lost = carrying({ names: [zone] })
    lost.sets = evidence({ to: [next] })
    lost.code = undefined
    await lost.pass(6 * 60 * MINUTE)
    expect(lost.carrier.stats().sent).toBe(limits.A_DAY_TOLD)
  })

  it('sends the same set once more when nobody took it the first time', async () => {
    const scene = carrying({ names: [zone] })
    scene.sets = evidence({ to: [next] })
    scene.isTaken = false
    await scene.pass(12 * MINUTE)
    expect(scene.carrier.stats()).toMatchObject({ carried: 0 })
    scene.isTaken = true
    await scene.pass(30 * MINUTE)
    expect(scene.carrier.stats()).toMatchObject({ carried: 1 })
  })
})

describe('a NOTIFY of a CDS set', () => {
  it('of a name that was told brings the next look forward', async () => {
    const scene = carrying({ names: [zone], everyMs: 60 * MINUTE })
    await scene.pass(5 * MINUTE)
    scene.sets = evidence({ to: [next] })
    expect(scene.carrier.notified(parseName('EXAMPLE.p2p.'), '192.0.2.1')).toBe('taken')
    await scene.pass(2 * MINUTE)
    expect(scene.carrier.stats()).toMatchObject({ carried: 1 })
  })

  it('of another name is nobody’s business here, unless the operator wants it', async () => {
    const closed = carrying({ names: [] })
    expect(closed.carrier.notified(zone, '192.0.2.1')).toBeUndefined()
    const open = carrying({ names: [], notified: true })
    open.sets = evidence({ to: [next] })
    expect(open.carrier.notified(parseName('example.org.'), '192.0.2.1')).toBe('refused')
    expect(open.carrier.notified(zone, '192.0.2.1')).toBe('taken')
    await open.pass(2 * MINUTE)
    expect(open.carrier.stats()).toMatchObject({ carried: 1 })
  })

  it('causes a few looks and then none, however often it is said', async () => {
    const scene = carrying({ names: [], notified: true })
    for (let minute = 0; minute < 60; minute++) {
      for (let i = 0; i < 20; i++) scene.carrier.notified(zone, '192.0.2.1')
      await scene.pass(MINUTE)
    }
    expect(scene.carrier.stats().looks).toBeLessThanOrEqual(60)
    const { looks } = scene.carrier.stats()
    await scene.pass(60 * MINUTE)
    expect(scene.carrier.stats().looks).toBeLessThanOrEqual(looks + limits.NOTIFIED_LOOKS)
  })

  it('never holds up the names that were told, however slow the servers of others are', async () => {
    const scene = carrying({ names: [zone], notified: true })
    scene.sets = evidence({ to: [next] })
    scene.isSlow = (name) => name.key !== zone.key
    for (let i = 0; i < 50; i++) scene.carrier.notified(parseName(`slow${i}.p2p.`), `192.0.${i}.1`)
    await scene.pass(2 * MINUTE)
    expect(scene.record().settings?.ds).toEqual([dsFor(zone, next)])
  })

  it('fills a bounded number of places, of one network fewer', () => {
    const looks = new Looks([zone], 600_000, 0)
    const taken = (from: (i: number) => string) =>
      Array.from({ length: 100 }, (_, i) =>
        looks.add(parseName(`n${i}${from(i).replaceAll(/\W/g, '')}.p2p.`), from(i), 0),
      )
    expect(taken(() => '192.0.2.7').filter(Boolean)).toHaveLength(limits.MAX_NOTIFIED_OF_NETWORK)
    expect(taken((i) => `198.51.${i}.1`).filter(Boolean)).toHaveLength(
      limits.MAX_NOTIFIED - limits.MAX_NOTIFIED_OF_NETWORK,
    )
    expect(looks.size).toBe(1 + limits.MAX_NOTIFIED)
    expect(looks.next(true)?.zone.key).toBe(zone.key)
  })
})

interface Scene {
  readonly blocks: ReturnType<typeof nameBlocks>
  readonly clock: ReturnType<typeof testClock>
  sets: CdsEvidence | undefined
}

let made = 0

function carrying(options: Partial<CdsCarrierOptions>, world?: Scene) {
  const blocks = world?.blocks ?? nameBlocks()
  if (world === undefined) blocks.register(alice)
  const clock = world?.clock ?? testClock(blocks.now())
  const scene = {
    blocks,
    clock,
    sets: world?.sets ?? (undefined as CdsEvidence | undefined),
    /** What becomes of transactions: undefined: nothing, ever; 0: what the chain says. */
    code: 0 as number | undefined,
    /** Whether a member takes what is handed in. */
    isTaken: true,
    isSlow: (_: Name) => false,
    record: () => blocks.record() as NameRecord,
    pass: (ms: number) => clock.advanceAsync(ms),
  }
  const send = async (_: Uint8Array, payload: Payload) => {
    if (!scene.isTaken) throw new ChordnsError('LEDGER_VOID', 'another came in between', { code: 3 })
    if (scene.code === undefined) return { transaction: 'lost', outcome: undefined }
    const code = scene.code === 0 ? blocks.block([{ by: carrierOf('node'), payload }])[0]! : scene.code
    return { transaction: 'made', outcome: { height: 1, code, detail: '' } }
  }
  const carrier = new CdsCarrier(
    { clock, random: seededRandom(++made), log: { debug() {}, info() {}, warn() {}, error() {} } },
    {
      placeOf: (name) =>
        name.labels === 2 && name.key.endsWith(parseName('p2p.').key)
          ? { zone: name, chain: 'p2p', chainId, label: text(name.key.slice(1, 1 + name.key.charCodeAt(0))) }
          : undefined,
      recordOf: async (place, signal) => {
        if (scene.isSlow(place.zone)) await new Promise((_, no) => signal.addEventListener('abort', () => no(gone())))
        return blocks.record(Buffer.from(place.label).toString('latin1'))
      },
      setsOf: async () => scene.sets,
      send,
    },
    { names: [], notified: false, everyMs: 10 * MINUTE, ...options },
  )
  carrier.start()
  return Object.assign(scene, { carrier })
}

function gone() {
  return new ChordnsError('ABORTED', 'gone', {})
}

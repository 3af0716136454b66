/** Following the root's keys (RFC 5011) over a world whose root changes them, in virtual time. */
import { beforeEach, describe, expect, it } from 'vitest'
import { isChordnsError } from '../../../src/base/index.ts'
import { parseZone, Rcode, ROOT, recordToText } from '../../../src/dns/index.ts'
import { supportedAlgorithms, supportedDigests, type TrustAnchor } from '../../../src/dnssec/index.ts'
import { AnchorFollower, type AnchorFollowerDeps, type AnchorFollowerHooks } from '../../../src/recurse/index.ts'
import type { VirtualClock } from '../../../src/sim/index.ts'
import { signZone } from '../../dnssec/signer.ts'
import { dsFor, KSK, makeSigningKey, REVOKED, type SigningKey, withFlags, ZSK } from '../../dnssec/signing-keys.ts'
import { testClock } from '../../setup/clock.ts'
import { createStack, createWorld, type Stack, simpleSpec, type World } from '../../world/index.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const SPEC = simpleSpec({ '.': 'www A 192.0.2.1\n' })
const PLAIN = SPEC.zones[0]!

const first = makeSigningKey(13, KSK)
const second = makeSigningKey(13, KSK)
const zoneKey = makeSigningKey(13, ZSK)
const revoked = withFlags(first, KSK | REVOKED)
const CONFIGURED: TrustAnchor = { zone: ROOT, ds: [dsFor(ROOT, first)], keys: [] }

let clock: VirtualClock
let world: World
let saved: string | undefined
let warnings: string[]
let revocations: number
beforeEach(async () => {
  clock = testClock()
  world = await createWorld(SPEC, { sockets: false, clock })
  saved = undefined
  warnings = []
  revocations = 0
})

/** The root as it is signed now, for ten days. */
function publish(...keys: SigningKey[]): void {
  const now = Math.floor(clock.now() / 1000)
  const records = parseZone(PLAIN.text, { origin: ROOT, defaultTtl: 3_600 })
  const validity = { inception: now - 3_600, expiration: now + 10 * 86_400 }
  const signed = signZone(records, { apex: ROOT, keys: [...keys, zoneKey], ...validity })
  world.setZone({ ...PLAIN, text: `${signed.records.map(recordToText).join('\n')}\n` })
}

interface Followed {
  readonly follower: AnchorFollower
  readonly stack: Stack
}

function follow(change: Partial<AnchorFollowerDeps & AnchorFollowerHooks> = {}): Followed {
  const rules = {
    algorithms: supportedAlgorithms({ sha1: 'insecure' }),
    digests: supportedDigests({ sha1: 'insecure' }),
  }
  const log = { debug() {}, info() {}, warn: (_: object, text: string) => warnings.push(text), error() {} }
  const follower: AnchorFollower = new AnchorFollower(
    { configured: CONFIGURED, rules, clock, log, stored: saved, ...change },
    {
      recursor: () => stack.recursor,
      isNeeded: () => true,
      save: async (text) => {
        saved = text
      },
      onRevoked: () => revocations++,
      ...change,
    },
  )
  const stack: Stack = createStack(world, {
    anchors: '. DS 1 13 2 00',
    clock,
    validation: { anchors: follower.anchors },
  })
  return { follower, stack }
}

const tags = ({ follower }: Followed) => [follower.anchors()[0]!.ds.length, follower.anchors()[0]!.keys.length]
const look = ({ follower }: Followed) => clock.run(follower.refresh())

async function isValidated({ stack }: Followed): Promise<boolean> {
  stack.cache.flush()
  const { rcode, ad } = await clock.run(stack.ask({ name: 'www' }, { ad: true }))
  return rcode === Rcode.NOERROR && ad
}

describe('a follower of the root keys', () => {
  it('looks a minute after the start, stores what it saw, and again after half the TTL', async () => {
    publish(first)
    const stored = new Promise<string>((resolve) => {
      const { follower } = follow({ save: async (text) => resolve(text) })
      follower.start()
    })
    const text = await clock.run(stored)
    expect(clock.monotonic()).toBeGreaterThanOrEqual(60_000)
    expect(text).toMatch(/^valid \d+ \. DNSKEY 257 3 13 /m)
    expect(await look(follow())).toBe(HOUR_MS)
  })

  it('goes with the root through a change of keys, and over restarts', async () => {
    publish(first)
    let one = follow()
    await look(one)
    publish(first, second)
    await look(one)
    expect(saved).toMatch(/^pending /m)
    for (let day = 5; day <= 35; day += 5) {
      clock.skip(5 * DAY_MS)
      publish(first, second)
      // Each time another process.
      one = follow()
      await look(one)
      expect(tags(one)).toEqual([1, day < 30 ? 1 : 2])
    }
    publish(revoked, second)
    expect(await isValidated(one)).toBe(true)
    await look(one)
    expect([tags(one), revocations]).toEqual([[0, 1], 1])
    publish(second)
    expect(await isValidated(one)).toBe(true)
    one = follow()
    expect(tags(one)).toEqual([0, 1])
    // Whoever has stolen the first key is too late, also where the program still names it.
    publish(first)
    await look(one)
    expect([tags(one), await isValidated(one)]).toEqual([[0, 1], false])
  })

  it('drops chains of trust at once when a key is revoked', async () => {
    publish(first, second)
    const one = follow({ configured: { ...CONFIGURED, ds: [...CONFIGURED.ds, dsFor(ROOT, second)] } })
    await look(one)
    publish(first)
    expect(await isValidated(one)).toBe(true)
    publish(revoked, second)
    await look(one)
    // What the first key has signed counts no more, though its link was good for a day.
    publish(first)
    expect(await isValidated(one)).toBe(false)
  })

  it('learns nothing from a stranger', async () => {
    publish(first)
    const one = follow()
    await look(one)
    const before = saved
    publish(makeSigningKey(13, KSK))
    clock.skip(DAY_MS)
    expect(await look(one)).toBe(HOUR_MS)
    expect([saved, warnings.length]).toEqual([before, 1])
    expect(tags(one)).toEqual([1, 1])
  })

  it('tries again in an hour when nobody answers, and keeps what it trusts', async () => {
    const one = follow()
    await world.stopAll()
    expect(await look(one)).toBe(HOUR_MS)
    expect([tags(one), saved, warnings.length]).toEqual([[1, 0], undefined, 1])
  })

  it('stores again what it could not store', async () => {
    publish(first)
    let isFull = true
    const one = follow({
      save: async (text) => {
        if (isFull) throw new Error('no space left on device')
        saved = text
      },
    })
    await look(one)
    expect([tags(one), saved, warnings.length]).toEqual([[1, 1], undefined, 1])
    isFull = false
    await look(one)
    expect(saved).toMatch(/^valid /m)
  })

  it('asks nobody while another anchor is validated by', async () => {
    publish(first)
    expect(await look(follow({ isNeeded: () => false }))).toBe(HOUR_MS)
    expect(world.count()).toBe(0)
  })

  it('asks nobody after it was stopped', async () => {
    publish(first)
    const { follower } = follow()
    follower.start()
    follower.stop()
    const late = new Promise<void>((resolve) => clock.after(DAY_MS, resolve))
    await clock.run(late)
    expect(world.count()).toBe(0)
  })

  it('refuses a damaged state instead of forgetting a revocation', () => {
    let error: unknown
    try {
      follow({ stored: 'revoked yesterday' })
    } catch (caught) {
      error = caught
    }
    expect(isChordnsError(error, 'DNSSEC_BAD_STATE')).toBe(true)
  })
})

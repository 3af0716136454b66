import { describe, expect, it } from 'vitest'
import { decodeConflict, encodeConflict } from '../../../src/chain/light/conflicts.ts'
import { decodeProofFile, verifyProofFile } from '../../../src/chain/light/proof-file.ts'
import { trustGenesis } from '../../../src/chain/light/trust.ts'
import { trust } from '../../../src/chain/light/verify.ts'
import { stateRoot } from '../../../src/chain/trees/state-map.ts'
import { soundDisk } from '../../../src/sim/index.ts'
import { DAY, MINUTE, simRules, simScheme, TestLedger } from '../light/ledger.ts'
import { FollowWorld, stateOf, text } from './world.ts'

const FOUR = [0, 1, 2, 3]

describe('a light follower', () => {
  it('has the newest header after its first look, and each newer one a minute later', async () => {
    const ledger = new TestLedger(FOUR).grow(40)
    const world = new FollowWorld(ledger)
    for (const name of ['a', 'b', 'c', 'd']) world.member(name, ledger)
    const follower = await world.follow(ledger)
    expect(follower.head(ledger.chainId)).toMatchObject({ name: 'root', height: 40, state: 'fresh', fresh: true })
    const heads: number[] = []
    follower.onHead(() => heads.push(follower.head(ledger.chainId)!.height))
    for (let block = 41; block <= 44; block++) {
      ledger.block()
      await world.minute()
    }
    expect(heads).toEqual([41, 42, 43, 44])
    // Three members a look, and from the second look on nothing but a header of each.
    const requests = world.members.flatMap((member) => member.asked)
    expect(requests.filter(({ kind }) => kind === 'header')).toHaveLength(15)
    expect(requests.filter(({ kind }) => kind === 'set')).toHaveLength(0)
  })

  it('looks no more than once a minute by itself, whatever the time of the head', async () => {
    const ledger = new TestLedger(FOUR).grow(3)
    const world = new FollowWorld(ledger, { late: 10 * MINUTE })
    const member = world.member('a', ledger)
    await world.follow(ledger)
    await world.clock.advanceAsync(10 * MINUTE)
    expect(member.asked.length).toBeLessThanOrEqual(11)
  })

  it('walks through sets that turn over, fetching each list once', async () => {
    const ledger = new TestLedger(FOUR).grow(5)
    for (let set = 1; set <= 6; set++) ledger.grow(1, { next: [set, set + 1, set + 2, set + 3] }).grow(30)
    const world = new FollowWorld(ledger)
    const member = world.member('a', ledger)
    const follower = await world.follow(ledger)
    expect(follower.head(ledger.chainId)).toMatchObject({ height: ledger.height, fresh: true })
    const roots = member.asked.flatMap((one) => (one.kind === 'set' ? [one.root.join()] : []))
    expect(new Set(roots).size).toBe(roots.length)
    expect(roots.length).toBeLessThanOrEqual(6)
  })

  it('keeps what it trusts on disk, and goes on from there', async () => {
    const ledger = new TestLedger(FOUR)
      .grow(5)
      .grow(1, { next: [1, 2, 3, 4] })
      .grow(20)
      .grow(1, { next: [2, 3, 4, 5] })
      .grow(20)
    const world = new FollowWorld(ledger)
    const member = world.member('a', ledger)
    const before = await world.follow(ledger)
    before.close()
    world.disk.crash('process')
    member.asked.length = 0
    member.lie = () => 'silent'
    const after = await world.follow(ledger)
    expect(after.head(ledger.chainId)).toMatchObject({ height: ledger.height, fresh: true })
    member.lie = () => undefined
    ledger.block()
    await world.minute()
    expect(after.head(ledger.chainId)?.height).toBe(ledger.height)
    expect(member.asked.some(({ kind }) => kind === 'set')).toBe(false)
  })

  it('goes on with what it knows while its disk fails, and keeps it when that is over', async () => {
    const ledger = new TestLedger(FOUR).grow(5)
    const faults = soundDisk()
    const world = new FollowWorld(ledger, { faults })
    world.member('a', ledger)
    const follower = await world.follow(ledger)
    faults.isFull = true
    ledger.block()
    await world.minute()
    expect(follower.head(ledger.chainId)).toMatchObject({ height: 6, fresh: true })
    expect(world.logged).toContain('what is known of a ledger cannot be kept')
    faults.isFull = false
    ledger.block()
    await world.minute()
    follower.close()
    world.disk.crash('process')
    world.members[0]!.lie = () => 'silent'
    const after = await world.follow(ledger)
    expect(after.head(ledger.chainId)?.height).toBe(7)
  })

  it('verifies each signature once, elsewhere where that is possible, and takes no header that does not hold', async () => {
    const ledger = new TestLedger(FOUR).grow(5)
    const world = new FollowWorld(ledger)
    const member = world.member('a', ledger)
    const seen = new Set<string>()
    let twice = 0
    world.verifyMany = async (checks) => {
      for (const { signature } of checks) {
        if (seen.has(signature.join())) twice++
        seen.add(signature.join())
      }
      return checks.map((one) => simScheme.verify(one.publicKey, one.message, one.signature))
    }
    const follower = await world.follow(ledger)
    for (let block = 6; block <= 8; block++) {
      ledger.block()
      await world.minute()
    }
    expect(follower.head(ledger.chainId)).toMatchObject({ height: 8, fresh: true })
    expect(seen.size).toBe(4 * 3)
    expect(twice).toBe(0)
    ledger.block()
    const { header, certificate } = ledger.head
    const signatures = certificate.signatures.map((one) => ({ ...one, signature: new Uint8Array(64) }))
    const forged = { header, certificate: { ...certificate, signatures } }
    member.lie = ({ kind }) =>
      kind === 'header' ? { kind: 'header', certified: forged, path: undefined, hasConflict: false } : undefined
    await world.minute()
    expect(follower.head(ledger.chainId)?.height).toBe(8)
    expect(world.logged).toContain('a member showed a header that does not hold')
  })

  it('goes on behind a listener that throws', async () => {
    const ledger = new TestLedger(FOUR).grow(5)
    const world = new FollowWorld(ledger)
    world.member('a', ledger)
    const follower = await world.follow(ledger)
    const heads: number[] = []
    follower.onHead(() => {
      throw new Error('no')
    })
    follower.onHead(() => heads.push(follower.head(ledger.chainId)!.height))
    for (let block = 6; block <= 7; block++) {
      ledger.block()
      await world.minute()
    }
    expect(heads).toEqual([6, 7])
  })

  it('writes nothing and tells nobody after it was closed in the middle of a look', async () => {
    const ledger = new TestLedger(FOUR).grow(5)
    const world = new FollowWorld(ledger)
    const member = world.member('a', ledger)
    const follower = await world.follow(ledger)
    const heads: number[] = []
    follower.onHead(() => heads.push(follower.head(ledger.chainId)?.height ?? -1))
    ledger.block()
    let answered = false
    member.lie = (_, honest) => {
      if (!answered) {
        answered = true
        follower.close()
        world.store.close()
      }
      return honest()
    }
    await world.minute()
    expect(answered).toBe(true)
    expect(heads).toEqual([])
  })

  it('says that a head is stale, and proves by it only what was so', async () => {
    const state = stateOf({ name: 'value' })
    const ledger = new TestLedger(FOUR).grow(6, { stateRoot: stateRoot(state) })
    const world = new FollowWorld(ledger)
    world.member('a', ledger)
    const follower = await world.follow(ledger)
    expect(await follower.prove(ledger.chainId, [text('name')])).toMatchObject({ kind: 'proven', fresh: true })
    await world.clock.advanceAsync(4 * MINUTE)
    expect(follower.head(ledger.chainId)).toMatchObject({ state: 'stale', fresh: false })
    expect(await follower.prove(ledger.chainId, [text('name')])).toMatchObject({ kind: 'proven', fresh: false })
    // It looks at once when a proof is wanted, and finds the chain to go on.
    ledger.block({ time: world.clock.now(), stateRoot: stateRoot(state) })
    await world.clock.advanceAsync(6_000)
    expect(await follower.prove(ledger.chainId, [text('name')])).toMatchObject({ kind: 'proven', fresh: true })
  })

  it('trusts nothing after the trusting period, until it is given a checkpoint', async () => {
    const ledger = new TestLedger(FOUR).grow(6)
    const world = new FollowWorld(ledger)
    world.member('a', ledger)
    const follower = await world.follow(ledger)
    // The machine sleeps for most of it: twenty thousand looks say nothing new.
    world.clock.skip(14 * DAY - 60 * MINUTE)
    await world.clock.advanceAsync(61 * MINUTE)
    expect(follower.head(ledger.chainId)?.state).toBe('expired')
    expect(await follower.prove(ledger.chainId, [text('a')])).toEqual({ kind: 'unproven', reason: 'expired' })
    follower.close()
    world.disk.crash('process')
    ledger.block({ time: world.clock.now() - MINUTE })
    const again = await world.follow(ledger, { name: 'root', trusted: trust(ledger.head, ledger.setAt(8)) })
    expect(again.head(ledger.chainId)).toMatchObject({ height: 7, state: 'fresh' })
  })

  it('begins from a block that its operator names when the genesis is too old, or when the chain was forked below', async () => {
    const ledger = new TestLedger(FOUR).grow(5)
    const fork = ledger.fork(4).grow(2, { stateRoot: new Uint8Array(32).fill(6) })
    const world = new FollowWorld(ledger)
    const member = world.member('a', ledger)
    const trusted = trustGenesis(ledger.genesis)
    const first = await world.follow(ledger)
    const conflict = { first: ledger.at(5), second: fork.at(5), firstSet: ledger.setAt(5), secondSet: fork.setAt(5) }
    first.show(ledger.chainId, encodeConflict({ ...conflict, older: undefined }))
    expect(first.head(ledger.chainId)?.state).toBe('forked')
    first.close()
    world.disk.crash('process')
    await world.clock.advanceAsync(15 * DAY)
    ledger.block({ time: world.clock.now() - 3 * MINUTE, next: [1, 2, 3, 4] })
    ledger.block({ time: world.clock.now() - 2 * MINUTE })
    ledger.block({ time: world.clock.now() - MINUTE })
    const point = { height: 7, blockId: ledger.at(7).certificate.blockId }
    member.lie = ({ kind }) => (kind === 'set' ? { kind: 'set', validators: fork.setAt(1) } : undefined)
    const lied = await world.follow(ledger, { name: 'root', trusted, point })
    expect(lied.head(ledger.chainId)).toMatchObject({ height: 0, state: 'expired' })
    lied.close()
    world.disk.crash('process')
    member.lie = () => undefined
    const again = await world.follow(ledger, { name: 'root', trusted, point })
    expect(again.head(ledger.chainId)).toMatchObject({ height: 8, state: 'fresh' })
    again.close()
    world.disk.crash('process')
    const other = await world.follow(ledger, { name: 'root', trusted, point: { height: 7, blockId: ledger.chainId } })
    // What is on the disk is good still.
    expect(other.head(ledger.chainId)).toMatchObject({ height: 8, state: 'fresh' })
  })

  it('proves what is there and what is not, several names at once, and requests the same only once', async () => {
    const state = stateOf({ one: '1', two: '2' })
    const ledger = new TestLedger(FOUR).grow(6, { stateRoot: stateRoot(state) })
    const world = new FollowWorld(ledger)
    const member = world.member('a', ledger)
    const follower = await world.follow(ledger)
    const keys = ['two', 'none', 'one'].map(text)
    const [answer, same] = await Promise.all([
      follower.prove(ledger.chainId, keys),
      follower.prove(ledger.chainId, keys),
    ])
    expect(answer).toMatchObject({ kind: 'proven', values: [text('2'), undefined, text('1')] })
    expect(same).toEqual(answer)
    expect(await follower.prove(ledger.chainId, keys)).toEqual(answer)
    expect(member.asked.filter(({ kind }) => kind === 'state')).toHaveLength(1)
    expect(await follower.prove(new Uint8Array(32), keys)).toEqual({ kind: 'unproven', reason: 'unknown chain' })
    await expect(follower.prove(ledger.chainId, [])).rejects.toThrow(RangeError)
  })

  it('asks the next member when one is silent, lies about a value, or keeps the state no more', async () => {
    const state = stateOf({ name: 'true' })
    const ledger = new TestLedger(FOUR).grow(6, { stateRoot: stateRoot(state) })
    for (const lie of ['silent', 'value', 'absent', 'gone'] as const) {
      const world = new FollowWorld(ledger)
      world.member('good', ledger)
      for (const name of ['a', 'b']) {
        world.member(name, ledger).lie = ({ kind }, honest) => {
          if (kind !== 'state') return undefined
          if (lie === 'silent') return lie
          const reply = honest()
          if (lie === 'gone' || reply.kind !== 'state') return { kind: 'none' }
          return { ...reply, values: [lie === 'value' ? text('false') : undefined] }
        }
      }
      const follower = await world.follow(ledger)
      const answer = await follower.prove(ledger.chainId, [text('name')])
      expect(answer, lie).toMatchObject({ kind: 'proven', values: [text('true')] })
    }
  })

  it('looks for a newer head when the state of its own is kept no more', async () => {
    const [old, now] = [stateOf({ name: 'old' }), stateOf({ name: 'new' })]
    const ledger = new TestLedger(FOUR).grow(6, { stateRoot: stateRoot(old) })
    const world = new FollowWorld(ledger)
    const member = world.member('a', ledger)
    const follower = await world.follow(ledger)
    await world.clock.advanceAsync(20_000)
    ledger.block({ stateRoot: stateRoot(now), time: world.clock.now() })
    member.oldest = 7
    const answer = await follower.prove(ledger.chainId, [text('name')])
    expect(answer).toMatchObject({ kind: 'proven', values: [text('new')], header: { height: 7 } })
  })

  it('gives a proof as a file that anybody checks from the genesis', async () => {
    const state = stateOf({ name: 'value' })
    const ledger = new TestLedger(FOUR).grow(5)
    for (let set = 1; set <= 6; set++) ledger.grow(1, { next: [set, set + 1, set + 2, set + 3] }).grow(3)
    ledger.block({ stateRoot: stateRoot(state) })
    const world = new FollowWorld(ledger)
    world.member('a', ledger)
    const follower = await world.follow(ledger)
    const file = await follower.proofFile(ledger.chainId, [text('name')])
    const decoded = decodeProofFile(file!)
    expect(decoded.trail.length).toBeGreaterThan(0)
    const verdict = verifyProofFile(simRules, trustGenesis(ledger.genesis), decoded, world.clock.now())
    expect(verdict).toMatchObject({ kind: 'proven', height: ledger.height, claims: [{ value: text('value') }] })
  })
})

describe('a light follower among liars', () => {
  const lied = stateOf({ name: 'lie' })

  it('is not led by removed validators to a history of their own', async () => {
    const ledger = TestLedger.withTwoRemoved()
    // The fork is longer than the chain.
    const lie = ledger
      .fork(10)
      .grow(1, { next: [2, 3, 4, 5], signers: [2, 3] })
      .grow(1, { next: [2, 3], signers: [2, 3] })
      .grow(30, { stateRoot: stateRoot(lied), signers: [2, 3] })
    const world = new FollowWorld(lie)
    const good = world.member('good', ledger)
    for (const name of ['a', 'b']) world.member(name, lie)
    const follower = await world.follow(ledger, { name: 'root', trusted: trust(ledger.at(10), ledger.setAt(11)) })
    expect(follower.head(ledger.chainId)).toMatchObject({ height: ledger.height })
    good.lie = () => 'silent'
    await world.minute()
    expect(follower.head(ledger.chainId)).toMatchObject({ height: ledger.height })
  })

  it('finds a withheld head at one honest member of several, and else says that it is stale', async () => {
    const ledger = new TestLedger(FOUR).grow(20)
    const world = new FollowWorld(ledger)
    const withholding = ['a', 'b'].map((name) => world.member(name, ledger))
    const honest = world.member('good', ledger)
    const follower = await world.follow(ledger)
    for (const member of withholding) member.upTo = 20
    ledger.grow(4)
    for (let minute = 0; minute < 4; minute++) await world.minute()
    expect(follower.head(ledger.chainId)).toMatchObject({ height: 24, fresh: true })
    honest.upTo = 24
    ledger.grow(4)
    for (let minute = 0; minute < 4; minute++) await world.minute()
    expect(follower.head(ledger.chainId)).toMatchObject({ height: 24, state: 'stale' })
    expect(world.conflicts).toEqual([])
  })

  it('takes no forged set, and asks whoever showed it last from then on', async () => {
    const ledger = new TestLedger(FOUR).grow(20)
    const forged = ledger.posed([6, 7, 8, 9])
    forged.grow(30)
    const world = new FollowWorld(forged)
    world.member('good', ledger)
    const liar = world.member('liar', forged)
    const follower = await world.follow(ledger)
    expect(follower.head(ledger.chainId)?.height).toBe(20)
    expect(world.conflicts).toEqual([])
    // The list of the true set, swapped on the way.
    liar.ledger = ledger
    liar.lie = ({ kind }) => (kind === 'set' ? { kind: 'set', validators: forged.setAt(1) } : undefined)
    ledger.grow(1, { next: [0, 1, 2, 4] }).grow(12)
    for (let minute = 0; minute < 4; minute++) await world.minute()
    expect(follower.head(ledger.chainId)?.height).toBe(ledger.height)
  })

  it('finds a fork by a whole set at whatever height it is shown, keeps it, tells everybody, and trusts the chain no more', async () => {
    for (const shown of [12, 14, 16, 18]) {
      const ledger = new TestLedger(FOUR).grow(16)
      const fork = ledger.fork(11).grow(7, { stateRoot: stateRoot(lied) })
      const world = new FollowWorld(fork)
      const members = ['a', 'b'].map((name) => world.member(name, ledger))
      const liar = world.member('liar', fork)
      liar.upTo = shown
      liar.lie = () => 'silent'
      const follower = await world.follow(ledger)
      expect(follower.head(ledger.chainId)).toMatchObject({ height: 16 })
      liar.lie = () => undefined
      await world.minute()
      expect(follower.head(ledger.chainId), `shown ${shown}`).toMatchObject({ state: 'forked', fresh: false })
      expect(await follower.prove(ledger.chainId, [text('name')])).toEqual({ kind: 'unproven', reason: 'forked' })
      expect(world.conflicts).toHaveLength(1)
      expect(decodeConflict(world.conflicts[0]!).first.header.height).toBeLessThanOrEqual(shown)
      for (const member of members) expect(member.told).toEqual(world.conflicts)
      // Also after the next start.
      follower.close()
      world.disk.crash('power')
      const again = await world.follow(ledger)
      expect(again.head(ledger.chainId)?.state).toBe('forked')
    }
  })

  it('believes a fork that a member shows it only when both headers could be taken', async () => {
    const ledger = new TestLedger(FOUR).grow(16)
    const fork = ledger.fork(11).grow(3, { stateRoot: stateRoot(lied) })
    const forged = ledger.posed([6, 7, 8, 9])
    forged.grow(12)
    const other = forged.fork(11).grow(1, { stateRoot: stateRoot(lied) })
    const conflictOf = (a: TestLedger, b: TestLedger) =>
      encodeConflict({
        first: a.at(12),
        second: b.at(12),
        firstSet: a.setAt(12),
        secondSet: b.setAt(12),
        older: undefined,
      })
    const world = new FollowWorld(ledger)
    const member = world.member('a', ledger)
    const follower = await world.follow(ledger)
    for (const bad of [conflictOf(forged, other), conflictOf(ledger, forged), conflictOf(ledger, ledger), text('?')]) {
      expect(follower.show(ledger.chainId, bad)).toBe(false)
      member.conflict = bad
      await world.minute()
      expect(follower.head(ledger.chainId)?.state).not.toBe('forked')
    }
    member.conflict = conflictOf(ledger, fork)
    const later = world.member('b', ledger)
    later.conflict = member.conflict
    await world.minute()
    expect(follower.head(ledger.chainId)?.state).toBe('forked')
  })

  it('is not made to cry fork by a wrong path', async () => {
    const ledger = new TestLedger(FOUR).grow(16)
    const world = new FollowWorld(ledger)
    const liar = world.member('liar', ledger)
    const follower = await world.follow(ledger)
    ledger.grow(4)
    liar.lie = (request, honest) => {
      const reply = honest()
      if (reply.kind === 'header') return { ...reply, path: ledger.path(3, 17) }
      return request.kind === 'older'
        ? { kind: 'older', header: ledger.at(3).header, path: ledger.path(3, 20) }
        : undefined
    }
    for (let minute = 0; minute < 3; minute++) await world.minute()
    expect(follower.head(ledger.chainId)).toMatchObject({ height: 16 })
    expect(world.conflicts).toEqual([])
    liar.lie = () => undefined
    await world.minute()
    expect(follower.head(ledger.chainId)).toMatchObject({ height: 20 })
  })
})

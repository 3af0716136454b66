import { afterEach, describe, expect, it } from 'vitest'
import { BoundedMap } from '../../../src/chunks/entries/bounded-map.ts'
import { EntryStore } from '../../../src/chunks/entries/entry-store.ts'
import { chunkOf } from '../../../src/chunks/index.ts'
import { limits } from '../../../src/chunks/limits.ts'
import { heldObservationOf } from '../../../src/chunks/observations/observation.ts'
import { decodeReply, encodeRequest } from '../../../src/chunks/wire/messages.ts'
import type { Question } from '../../../src/dns/index.ts'
import { answer, ask, createWorld, type Node, nothing, ownFinding, paper, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

const question = ask('www.example.com')

async function say(from: Node, to: Node, request: Parameters<typeof encodeRequest>[0]) {
  return decodeReply(await world.clock.run(to.chunks.handle(from.member.peer, encodeRequest(request))))
}

/** Names whose chunk `node` keeps, each in a zone of its own. */
function kept(node: Node, count: number): Question[] {
  const found: Question[] = []
  for (let i = 0; found.length < count; i++) {
    const one = ask(`www.zone${i}.com`)
    if (world.replicas(one).includes(node)) found.push(one)
  }
  return found
}

describe('what a peer can make this node do', () => {
  it('tells: ten a second', async () => {
    world = createWorld({ nodes: 5, n: 3, options: { admitAfter: 2 } })
    const [from, to] = [world.nodes[0]!, world.nodes[1]!]
    const said = []
    for (const one of kept(to, 15)) said.push((await say(from, to, { kind: 'tell', question: one })).kind)
    expect(said.filter((kind) => kind === 'ack')).toHaveLength(10)
    expect(said.filter((kind) => kind === 'busy')).toHaveLength(5)
  })

  it('tells of strangers count for nothing', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const [to] = world.replicas(question)
    const stranger = world.outsiders(question)[0]!
    to!.table = to!.table.filter((member) => member.id !== stranger.member.id)
    expect((await say(stranger, to!, { kind: 'tell', question })).kind).toBe('busy')
    await world.clock.advanceAsync(5_000)
    expect(to!.fetches).toBe(0)
  })

  it('rounds: only of replicas, and so many a second below one name', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const [to, from] = world.replicas(question)
    const outsider = world.outsiders(question)[0]!
    world.publish(question, answer(question))
    const nonce = new Uint8Array(16)
    expect(await say(outsider, to!, { kind: 'round', question, nonce, attempt: 1, how: 'known' })).toEqual({
      kind: 'not-mine',
      believes: world.replicas(question).map((node) => node.member.peer),
    })
    expect(to!.fetches).toBe(0)
    expect((await say(from!, to!, { kind: 'round', question, nonce, attempt: 1, how: 'known' })).kind).toBe(
      'commitment',
    )

    let busy = 0
    for (let i = 0; i < 400; i++) {
      const flood = ask(`x${i}.flood.com`)
      if (!world.replicas(flood).includes(to!) || !world.replicas(flood).includes(from!)) continue
      if ((await say(from!, to!, { kind: 'round', question: flood, nonce, attempt: 1, how: 'known' })).kind === 'busy')
        busy++
    }
    expect(to!.fetches).toBeLessThan(2 + limits.ROUNDS_PER_ZONE_BURST + 10)
    expect(busy).toBeGreaterThan(50)
  })

  it('certificates: each costs signature checks, so a hundred a second of one peer', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const [to, from] = world.replicas(question)
    const outcome = answer(question)
    const certificate = {
      kind: 'agreed' as const,
      contents: [],
      observations: [paper(from!.signer, question, outcome, world.clock.now())],
    }
    const said: string[] = []
    for (let i = 0; i < 120; i++)
      said.push((await say(from!, to!, { kind: 'certify', question, certificate, outcome })).kind)
    expect(said.filter((kind) => kind === 'unknown')).toHaveLength(limits.CERTIFIES_PER_SECOND)
    expect(said.filter((kind) => kind === 'busy')).toHaveLength(20)
  })

  it('own fetches in flight', async () => {
    world = createWorld({ nodes: 3, n: 3 })
    const [to, ...others] = world.nodes
    to!.sees = () => undefined
    const names = kept(to!, 60)
    // Both others ask at once, within their own limits: no name is fetched twice at a time, nor more than so many at once.
    const said = names.map((one, i) =>
      to!.chunks.handle(
        others[i % 2]!.member.peer,
        encodeRequest({ kind: 'round', question: one, nonce: new Uint8Array(16), attempt: 1, how: 'known' }),
      ),
    )
    await world.clock.advanceAsync(100)
    expect(to!.fetches).toBeLessThanOrEqual(limits.MAX_FETCHES)
    const kinds = (await Promise.all(said)).map((bytes) => decodeReply(bytes).kind)
    expect(kinds.filter((kind) => kind === 'busy').length).toBe(60 - to!.fetches)
  })

  it('nothing private: not by tell, round, read or certificate, in either direction', async () => {
    const secret = ask('nas.intern.example.com')
    world = createWorld({ nodes: 5, n: 3, isPrivate: (one) => one.name.key.includes('intern') })
    for (const one of [
      secret,
      ask('nas.lan'),
      ask('1.1.168.192.in-addr.arpa', 12),
      ask('printer'),
      ask('www.example.com', 255),
    ]) {
      const [to, from] = world.replicas(one)
      world.publish(one, answer(one))
      from!.chunks.tell(one)
      expect(await world.read(from!, one)).toEqual({ kind: 'insufficient', reason: 'private', replies: [] })
      expect(world.requests).toEqual([])
      const certificate = {
        kind: 'agreed' as const,
        contents: [],
        observations: world.replicas(one).map((node) => paper(node.signer, one, answer(one), world.clock.now())),
      }
      for (const request of [
        { kind: 'tell', question: one },
        { kind: 'read', question: one },
        { kind: 'round', question: one, nonce: new Uint8Array(16), attempt: 1, how: 'known' },
        { kind: 'certify', question: one, certificate, outcome: answer(one) },
      ] as const)
        expect((await say(from!, to!, request)).kind).toBe('unknown')
      expect(to!.fetches).toBe(0)
      expect(to!.chunks.entry(one)).toBeUndefined()
    }
  })

  it('a name with private addresses is not told, nor signed for by a replica that sees them', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const base = answer(question)
    const home =
      base.kind === 'rrset' ? { ...base, rrset: { ...base.rrset, rdatas: [Uint8Array.of(192, 168, 1, 1)] } } : base
    world.publish(question, home)
    const asker = world.outsiders(question)[0]!
    asker.chunks.tell(question, home)
    expect(world.requests).toEqual([])
    await world.told(question, [asker])
    expect(world.requests.some(({ request }) => request.kind === 'round')).toBe(false)
    expect(world.replicas(question).some((node) => node.chunks.entry(question) !== undefined)).toBe(false)
  })

  it('share: false stops telling, not reading', async () => {
    world = createWorld({ nodes: 5, n: 3, options: { share: false } })
    const asker = world.outsiders(question)[0]!
    asker.chunks.tell(question)
    expect(world.requests).toEqual([])
    expect((await world.read(asker, question)).replies).toHaveLength(3)
  })

  it('a broken request is an error with a code, and counted', async () => {
    world = createWorld({ nodes: 2, n: 2 })
    const [a, b] = world.nodes
    await expect(a!.chunks.handle(b!.member.peer, Uint8Array.of(1, 2, 3))).rejects.toMatchObject({
      code: 'CHUNK_MALFORMED',
    })
    expect(a!.chunks.stats().discarded).toBe(1)
  })
})

describe('memory', () => {
  it('of records is bounded in bytes: the ones used longest ago go first', () => {
    world = createWorld({ nodes: 2, n: 2 })
    const dropped: string[] = []
    const map = new BoundedMap<number>(100, (key) => dropped.push(key))
    map.set('a', 1, 40, 1_000)
    map.set('b', 2, 40, 1_000)
    map.get('a', 0)
    map.set('c', 3, 40, 1_000)
    expect(dropped).toEqual(['b'])
    expect(map.set('huge', 4, 101, 1_000)).toBe(false)
    expect(map.bytes).toBe(80)
    expect(map.get('a', 1_000)).toBeUndefined()
    expect(map.bytes).toBe(40)
  })

  it('of entries keeps the index by chunk in step', () => {
    world = createWorld({ nodes: 2, n: 2 })
    const now = world.clock.now()
    const entry = (name: string, ttl: number) => {
      const one = ask(name)
      const observations = world.nodes.map((node) => paper(node.signer, one, answer(one), now))
      const chunk = chunkOf(one.name, 8)
      return {
        question: one,
        chunk,
        class: 'agreed' as const,
        outcome: answer(one),
        certificate: { kind: 'agreed' as const, contents: [], observations },
        expires: now + ttl * 1000,
        seen: now,
      }
    }
    const store = new EntryStore({ maxBytes: 8_000 })
    const all = Array.from({ length: 50 }, (_, i) => entry(`a${i}.example.com`, 60))
    for (const one of all) store.put(one)
    expect(store.bytes).toBeLessThanOrEqual(8_000)
    expect(store.size).toBeGreaterThan(2)
    const indexed = store.chunks().flatMap((chunk) => [...store.ofChunk(chunk, now)])
    expect(indexed).toHaveLength(store.size)
    store.sweep(now + 60_000)
    expect([store.size, store.bytes, store.chunks().length]).toEqual([0, 0, 0])
  })
})

describe('what may be signed', () => {
  const now = 1_800_000_000_000
  const own = ownFinding(question, answer(question), now)

  it('an own fetch, fresh or cached: it ends when the cached data does', () => {
    world = createWorld({ nodes: 1, n: 1 })
    expect(heldObservationOf(own, question, now)).toMatchObject({ ttl: 300, when: now, expires: now + 300_000 })
    expect(heldObservationOf({ ...own, expires: now + 100_000 }, question, now)).toMatchObject({
      ttl: 300,
      when: now - 200_000,
    })
    // A cache that keeps things longer than the authority said does not stretch what is signed.
    expect(heldObservationOf({ ...own, expires: now + 900_000 }, question, now)).toMatchObject({
      expires: now + 300_000,
    })
  })

  it('never a copy, never bogus, never what has expired or does not answer the question', () => {
    world = createWorld({ nodes: 1, n: 1 })
    const { evidence } = own
    expect(
      heldObservationOf({ ...own, evidence: { ...evidence, provenance: 'agreed' } }, question, now),
    ).toBeUndefined()
    expect(
      heldObservationOf({ ...own, evidence: { ...evidence, observers: [world.nodes[0]!.member.peer] } }, question, now),
    ).toBeUndefined()
    expect(heldObservationOf({ ...own, evidence: { ...evidence, security: 'bogus' } }, question, now)).toBeUndefined()
    expect(heldObservationOf({ ...own, expires: now }, question, now)).toBeUndefined()
    expect(heldObservationOf(own, ask('other.example.com'), now)).toBeUndefined()
    expect(
      heldObservationOf({ ...own, outcome: { ...nothing(), kind: 'absent', rcode: 3, soa: undefined } }, question, now)
        ?.ttl,
    ).toBe(0)
  })
})

describe('stopping', () => {
  it('leaves no timer behind, whatever was in work', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    world.publish(question, answer(question))
    const asker = world.outsiders(question)[0]!
    asker.chunks.tell(question)
    await world.clock.advanceAsync(5)
    const reading = asker.chunks.read(ask('b.example.com'), new AbortController().signal)
    world.remove(world.outsiders(question)[1]!)
    const stopping = world.stop()
    await expect(reading).rejects.toMatchObject({ code: 'ABORTED' })
    await world.clock.run(stopping)
    await world.clock.advanceAsync(50)
    expect(world.clock.pending).toBe(0)
  })

  it('a read that is given up rejects at once', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    for (const node of world.nodes) node.down = true
    const giveUp = new AbortController()
    const reading = world.outsiders(question)[0]!.chunks.read(question, giveUp.signal)
    await world.clock.advanceAsync(10)
    giveUp.abort()
    await expect(reading).rejects.toMatchObject({ code: 'ABORTED' })
  })
})

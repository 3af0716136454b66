/** What a Transport promises, tried on each implementation. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  asPeerId,
  baseLimits,
  ChordnsError,
  type Doorkeeper,
  type PeerAddress,
  type PeerId,
  type Random,
  type Transport,
} from '../../src/base/index.ts'
import { openDoorkeeper, pskDoorkeeper } from '../../src/ring/index.ts'
import { firstRelease } from '../ring/door/first-release.ts'

export interface World {
  /** A transport that listens. The same name has the same identity. */
  transport(name: string, doorkeeper: Doorkeeper, address?: PeerAddress): Promise<Transport>
  /** An address where nobody listens. */
  readonly emptyAddress: PeerAddress
  /** Waits for a promise, and drives time if time has to be driven. */
  run<T>(promise: Promise<T>): Promise<T>
  /** Lets time pass. */
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

const random: Random = (() => {
  let draws = 0
  return { bytes: (length) => Uint8Array.from({ length }, () => ++draws % 251), below: () => 0 }
})()

const SECRET = new Uint8Array(32).fill(1)
const member = pskDoorkeeper({ ringId: 'test', secret: SECRET, random })
const stranger = pskDoorkeeper({ ringId: 'test', secret: new Uint8Array(32).fill(2), random })

const OPTIONS = { timeoutMs: 5_000 }
const bytes = (...values: number[]) => Uint8Array.from(values)

export function transportCompliance(createWorld: () => Promise<World>): void {
  let world: World
  let a: Transport
  let b: Transport

  beforeEach(async () => {
    world = await createWorld()
    a = await world.transport('a', member)
    b = await world.transport('b', member)
  })

  afterEach(() => world.close())

  const request = (from: Transport, to: Transport, body: Uint8Array, options = OPTIONS) =>
    world.run(from.request(to.self, body, options))

  const failure = async (work: Promise<unknown>): Promise<ChordnsError> => {
    const error = await world.run(
      work.then(
        () => undefined,
        (reason: unknown) => reason,
      ),
    )
    if (!(error instanceof ChordnsError)) throw new Error(`a ChordnsError was expected, not ${String(error)}`)
    return error
  }

  /** Without driving time: for what waits while something else happens. */
  const outcome = (work: Promise<unknown>) =>
    work.then(
      () => 'answered',
      (error: { code: string }) => error.code,
    )

  const codeOf = async (work: Promise<unknown>) => (await failure(work)).code

  describe('connect', () => {
    it('resolves with the id of who lives at the address', async () => {
      expect(await world.run(a.connect(b.addresses(), OPTIONS))).toBe(b.self)
      expect(a.connectedPeers()).toEqual([b.self])
      await world.run(b.request(a.self, bytes(), OPTIONS).catch(() => {}))
      expect(b.connectedPeers()).toEqual([a.self])
    })

    it('needs no id in the address', async () => {
      const bare = b.addresses().map((address) => address.replace(/\/p2p\/.*/, ''))
      expect(await world.run(a.connect(bare, OPTIONS))).toBe(b.self)
    })

    it('refuses who is not the peer that the address names', async () => {
      const c = await world.transport('c', member)
      const wrong = b.addresses().map((address) => address.replace(/\/p2p\/.*/, `/p2p/${c.self}`))
      expect(await codeOf(a.connect(wrong, OPTIONS))).toBe('PEER_UNREACHABLE')
      expect(a.connectedPeers()).toEqual([])
    })

    it('finds the one address of many that works', async () => {
      expect(await world.run(a.connect([`${world.emptyAddress}/p2p/${b.self}`, ...b.addresses()], OPTIONS))).toBe(
        b.self,
      )
    })

    it('fails where nobody listens, on texts that are no address, and on itself', async () => {
      expect(await codeOf(a.connect([world.emptyAddress], OPTIONS))).toBe('PEER_UNREACHABLE')
      expect(await codeOf(a.connect(['nonsense'], OPTIONS))).toBe('PEER_ADDRESS')
      expect(await codeOf(a.connect(a.addresses(), OPTIONS))).toBe('PEER_UNREACHABLE')
    })

    it('may be called by both at once, and again', async () => {
      const both = [a.connect(b.addresses(), OPTIONS), b.connect(a.addresses(), OPTIONS)]
      expect(await world.run(Promise.all(both))).toEqual([b.self, a.self])
      expect(await world.run(a.connect(b.addresses(), OPTIONS))).toBe(b.self)
      a.onRequest((_, body) => body)
      b.onRequest((_, body) => body)
      const crossing = Array.from({ length: 20 }, (_, i) =>
        i % 2 === 0 ? a.request(b.self, bytes(i), OPTIONS) : b.request(a.self, bytes(i), OPTIONS),
      )
      expect(await world.run(Promise.all(crossing))).toEqual(crossing.map((_, i) => bytes(i)))
    })

    it('ends when its signal fires', async () => {
      expect(await codeOf(a.connect(b.addresses(), { ...OPTIONS, signal: AbortSignal.abort() }))).toBe('ABORTED')
    })
  })

  describe('request', () => {
    it('brings the body to the handler, and its reply back', async () => {
      const seen: [PeerId, Uint8Array][] = []
      b.onRequest((from, body) => {
        seen.push([from, body])
        return bytes(3, 4)
      })
      a.learn(b.self, b.addresses())
      expect(await request(a, b, bytes(1, 2))).toEqual(bytes(3, 4))
      expect(seen).toEqual([[a.self, bytes(1, 2)]])
    })

    it('goes back over the connection of the one who came', async () => {
      a.onRequest((from, body) => bytes(body[0]! + 1, from === b.self ? 1 : 0))
      await world.run(a.connect(b.addresses(), OPTIONS))
      await world.pass(50)
      expect(await request(b, a, bytes(1))).toEqual(bytes(2, 1))
    })

    it('matches replies that come in another order', async () => {
      const answers: (() => void)[] = []
      b.onRequest(
        (_, body) =>
          new Promise((resolve) => {
            answers.unshift(() => resolve(body))
            if (answers.length === 64) for (const answer of answers) answer()
          }),
      )
      a.learn(b.self, b.addresses())
      const bodies = Array.from({ length: 64 }, (_, i) => bytes(i))
      expect(await world.run(Promise.all(bodies.map((body) => a.request(b.self, body, OPTIONS))))).toEqual(bodies)
    })

    it('opens one stream, however many ask at first', async () => {
      let hellos = 0
      const counting: Doorkeeper = {
        hello(...who) {
          hellos++
          return member.hello(...who)
        },
      }
      const c = await world.transport('c', counting)
      b.onRequest((_, body) => body)
      c.learn(b.self, b.addresses())
      await world.run(Promise.all(Array.from({ length: 30 }, (_, i) => c.request(b.self, bytes(i), OPTIONS))))
      expect(hellos).toBe(1)
    })

    it('carries bodies from nothing to a whole frame, many at once', async () => {
      b.onRequest((_, body) => body)
      a.learn(b.self, b.addresses())
      expect(await request(a, b, bytes())).toEqual(bytes())
      const bodies = Array.from({ length: 64 }, (_, i) => new Uint8Array(baseLimits.MAX_FRAME_BYTES).fill(i))
      const replies = await world.run(Promise.all(bodies.map((body) => a.request(b.self, body, OPTIONS))))
      expect(replies.every((reply, i) => Buffer.compare(reply, bodies[i]!) === 0)).toBe(true)
    })

    it('refuses bodies and replies that are longer', async () => {
      b.onRequest((_, body) => new Uint8Array(body.length === 0 ? baseLimits.MAX_FRAME_BYTES + 1 : 1))
      a.learn(b.self, b.addresses())
      expect(await codeOf(a.request(b.self, new Uint8Array(baseLimits.MAX_FRAME_BYTES + 1), OPTIONS))).toBe(
        'PEER_OVERSIZE',
      )
      const error = await failure(a.request(b.self, bytes(), OPTIONS))
      expect(error).toMatchObject({ code: 'PEER_FAILED', detail: { remoteCode: 'PEER_OVERSIZE' } })
      expect(await request(a, b, bytes(1))).toHaveLength(1)
    })

    it('fails with the code of what the handler throws, and nothing else of it', async () => {
      b.onRequest((_, body) => {
        if (body[0] === 1) throw new ChordnsError('SOME_CODE', 'the secret is 42', { secret: 42 })
        throw new Error('the secret is 42')
      })
      a.learn(b.self, b.addresses())
      const coded = await failure(a.request(b.self, bytes(1), OPTIONS))
      expect(coded).toMatchObject({ code: 'PEER_FAILED', detail: { peer: b.self, remoteCode: 'SOME_CODE' } })
      const plain = await failure(a.request(b.self, bytes(2), OPTIONS))
      expect(plain).toMatchObject({ code: 'PEER_FAILED', detail: { remoteCode: 'INTERNAL' } })
      for (const error of [coded, plain]) expect(JSON.stringify([error, error.message])).not.toContain('42')
    })

    it('fails while the peer has no handler', async () => {
      a.learn(b.self, b.addresses())
      const error = await failure(a.request(b.self, bytes(1), OPTIONS))
      expect(error).toMatchObject({ code: 'PEER_FAILED', detail: { remoteCode: 'PEER_NOT_READY' } })
    })

    it('times out; the late reply disturbs nobody', async () => {
      let answerLate = () => {}
      b.onRequest((_, body) => {
        if (body[0] !== 1) return body
        return new Promise((resolve) => {
          answerLate = () => resolve(bytes(99))
        })
      })
      await world.run(a.connect(b.addresses(), OPTIONS))
      expect(await codeOf(a.request(b.self, bytes(1), { timeoutMs: 100 }))).toBe('PEER_TIMEOUT')
      answerLate()
      expect(await request(a, b, bytes(2))).toEqual(bytes(2))
    })

    it('ends when its signal fires: before, during, and while it connects', async () => {
      b.onRequest(() => new Promise(() => {}))
      a.learn(b.self, b.addresses())
      expect(await codeOf(a.request(b.self, bytes(1), { ...OPTIONS, signal: AbortSignal.abort() }))).toBe('ABORTED')
      for (const _ of ['while it connects', 'while it waits']) {
        const giveUp = new AbortController()
        const work = outcome(a.request(b.self, bytes(1), { ...OPTIONS, signal: giveUp.signal }))
        queueMicrotask(() => giveUp.abort())
        expect(await world.run(work)).toBe('ABORTED')
        await world.run(a.connect(b.addresses(), OPTIONS))
      }
    })

    it('is answered with PEER_BUSY above the bound, and works again below', async () => {
      const bound = baseLimits.MAX_INBOUND_REQUESTS_PER_PEER
      const answers: (() => void)[] = []
      b.onRequest((_, body) => new Promise((resolve) => void answers.push(() => resolve(body))))
      await world.run(a.connect(b.addresses(), OPTIONS))
      const work = Array.from({ length: bound + 10 }, (_, i) =>
        a.request(b.self, bytes(i & 255), OPTIONS).then(
          () => 'answered',
          (error: ChordnsError<string, { remoteCode?: string }>) => error.detail.remoteCode,
        ),
      )
      await world.run(Promise.all(work.slice(bound)))
      expect(answers).toHaveLength(bound)
      for (const answer of answers.splice(0)) answer()
      const outcomes = await world.run(Promise.all(work))
      expect(outcomes.filter((one) => one === 'answered')).toHaveLength(bound)
      expect(outcomes.slice(bound)).toEqual(Array(10).fill('PEER_BUSY'))
      const again = a.request(b.self, bytes(7), OPTIONS)
      await world.pass(50)
      answers[0]!()
      expect(await world.run(again)).toEqual(bytes(7))
    })

    it('does not reach a peer whose addresses nobody named, nor one that is not there', async () => {
      const nobody = asPeerId('12D3KooWBtg3aaRMjxwedh83aGiUkSwxDwUZkzuJcfaqUmo7R3pq')
      expect(await codeOf(a.request(nobody, bytes(1), OPTIONS))).toBe('PEER_UNREACHABLE')
      a.learn(nobody, [world.emptyAddress])
      expect(await codeOf(a.request(nobody, bytes(1), OPTIONS))).toBe('PEER_UNREACHABLE')
      // And is not dialled again at once.
      const again = await failure(a.request(nobody, bytes(1), OPTIONS))
      expect(again.message).toContain('a moment ago')
    })
  })

  describe('hello', () => {
    const handlerOf = (transport: Transport) => {
      const calls: Uint8Array[] = []
      transport.onRequest((_, body) => {
        calls.push(body)
        return body
      })
      return calls
    }

    it('keeps out who does not know the secret, whoever dials', async () => {
      const c = await world.transport('c', stranger)
      const calls = [handlerOf(a), handlerOf(c)]
      let gone = 0
      a.onPeerGone(() => gone++)
      expect(await codeOf(c.connect(a.addresses(), OPTIONS))).toBe('PEER_REFUSED')
      expect(await codeOf(a.connect(c.addresses(), OPTIONS))).toBe('PEER_REFUSED')
      await world.pass(100)
      expect([a.connectedPeers(), c.connectedPeers(), ...calls, gone]).toEqual([[], [], [], [], 0])
    })

    it('says on the side that dials which constants of the ring differ', async () => {
      const with8 = pskDoorkeeper({ ringId: 'test', secret: SECRET, random, constants: { chunkBits: 8, replicas: 2 } })
      const with6 = pskDoorkeeper({ ringId: 'test', secret: SECRET, random, constants: { chunkBits: 6, replicas: 0 } })
      const c = await world.transport('c', with8)
      const d = await world.transport('d', with6)
      const calls = [handlerOf(c), handlerOf(d)]
      const error = await failure(c.connect(d.addresses(), OPTIONS))
      expect(error.code).toBe('PEER_REFUSED')
      expect(error.message).toContain('chunkBits is 8 here and 6 there, replicas is 2 here and 0 there')
      await world.pass(100)
      expect([c.connectedPeers(), d.connectedPeers(), ...calls]).toEqual([[], [], [], []])
    })

    it('is over with a peer of another release, in the version that both speak', async () => {
      const heard: number[] = []
      const onSpoken = (_: PeerId, { version }: { version: number }) => void heard.push(version)
      const versions = (lowest: number, highest: number) =>
        pskDoorkeeper({ ringId: 'test', secret: SECRET, random, versions: { lowest, highest }, onSpoken })
      const c = await world.transport('c', versions(1, 2))
      const d = await world.transport('d', versions(2, 3))
      const old = await world.transport('e', firstRelease({ ringId: 'test', secret: SECRET, random }))
      for (const one of [c, d, old]) one.onRequest((_, body) => body)
      await world.run(c.connect(d.addresses(), OPTIONS))
      // The listener is through when the last message has come.
      await world.pass(100)
      expect(heard).toEqual([2, 2])
      await world.run(c.connect(old.addresses(), OPTIONS))
      await world.run(old.connect(c.addresses(), OPTIONS))
      await world.pass(100)
      expect(heard.slice(2)).toEqual([1, 1])
      expect(await request(c, old, bytes(5))).toEqual(bytes(5))
      expect(await request(old, c, bytes(6))).toEqual(bytes(6))
      expect(await codeOf(d.connect(old.addresses(), OPTIONS))).toBe('PEER_REFUSED')
      expect(d.connectedPeers()).toEqual([c.self])
    })

    it('serves nothing to a dialer that lies about its end', async () => {
      const liar: Doorkeeper = {
        hello: (self, remote, role) => ({
          ...openDoorkeeper({ ringId: 'test', random }).hello(self, remote, role),
          receive: () => ({ send: bytes(1, 2, 3), admitted: true }),
        }),
      }
      const c = await world.transport('c', liar)
      const calls = handlerOf(a)
      c.learn(a.self, a.addresses())
      expect(['PEER_GONE', 'PEER_REFUSED']).toContain(await codeOf(c.request(a.self, bytes(1), OPTIONS)))
      expect(calls).toEqual([])
      expect(a.connectedPeers()).toEqual([])
    })

    it('waits for nobody for ever', async () => {
      const silent: Doorkeeper = { hello: () => ({ opening: () => undefined, receive: () => ({ admitted: false }) }) }
      const c = await world.transport('c', silent)
      const calls = handlerOf(a)
      c.learn(a.self, a.addresses())
      expect(await codeOf(c.request(a.self, bytes(1), { timeoutMs: 100 }))).toBe('PEER_TIMEOUT')
      expect(calls).toEqual([])
    })

    it('shuts the door on an expelled peer at once', async () => {
      const strict = pskDoorkeeper({ ringId: 'test', secret: SECRET, random, isExpelled: (peer) => peer === a.self })
      const c = await world.transport('c', strict)
      expect(await codeOf(a.connect(c.addresses(), OPTIONS))).toBe('PEER_REFUSED')
      expect(await codeOf(c.connect(a.addresses(), OPTIONS))).toBe('PEER_REFUSED')
    })
  })

  describe('a peer that goes', () => {
    it('fails what waits for it, and is told of once', async () => {
      b.onRequest(() => new Promise(() => {}))
      await world.run(a.connect(b.addresses(), OPTIONS))
      const gone: PeerId[] = []
      const unheard: PeerId[] = []
      a.onPeerGone((peer) => gone.push(peer))
      a.onPeerGone((peer) => unheard.push(peer))()
      const waiting = Promise.all([1, 2, 3].map((i) => outcome(a.request(b.self, bytes(i), OPTIONS))))
      await world.pass(50)
      await world.run(b.close())
      expect(await world.run(waiting)).toEqual(['PEER_GONE', 'PEER_GONE', 'PEER_GONE'])
      await world.pass(100)
      expect([gone, unheard, a.connectedPeers()]).toEqual([[b.self], [], []])
    })

    it('is found again when it comes back to its address', async () => {
      b.onRequest((_, body) => body)
      const addresses = b.addresses()
      await world.run(a.connect(addresses, OPTIONS))
      await world.run(b.close())
      await world.pass(100)
      const back = await world.transport('b', member, addresses[0]!.replace(/\/p2p\/.*/, ''))
      back.onRequest(() => bytes(9))
      expect(await request(a, back, bytes(1))).toEqual(bytes(9))
    })

    it('is found at once when it comes back and knocks, though it could not be reached before', async () => {
      const addresses = b.addresses()
      await world.run(a.connect(addresses, OPTIONS))
      await world.run(b.close())
      await world.pass(100)
      expect(await codeOf(a.request(b.self, bytes(1), OPTIONS))).toBe('PEER_UNREACHABLE')
      const back = await world.transport('b', member, addresses[0]!.replace(/\/p2p\/.*/, ''))
      back.onRequest(() => bytes(9))
      await world.run(back.connect(a.addresses(), OPTIONS))
      await world.pass(50)
      expect(await request(a, back, bytes(1))).toEqual(bytes(9))
    })
  })

  describe('a peer that is dismissed', () => {
    const banned = new Set<PeerId>()
    let keeper: Transport

    beforeEach(async () => {
      banned.clear()
      keeper = await world.transport(
        'keeper',
        pskDoorkeeper({ ringId: 'test', secret: SECRET, random, isExpelled: (peer) => banned.has(peer) }),
      )
      keeper.onRequest((from, body) => {
        if (body[0] === 0) return body
        keeper.dismiss(from)
        throw new ChordnsError('PEER_EXPELLED', 'it is out', {})
      })
      await world.run(a.connect(keeper.addresses(), OPTIONS))
      expect(await request(a, keeper, bytes(0))).toEqual(bytes(0))
    })

    it('hears the answer, and is gone a moment later on both sides', async () => {
      const gone: PeerId[] = []
      for (const one of [a, keeper]) one.onPeerGone((peer) => gone.push(peer))
      const both = [a.request(keeper.self, bytes(1), OPTIONS), a.request(keeper.self, bytes(1), OPTIONS)]
      for (const error of await Promise.all(both.map(failure)))
        expect(error).toMatchObject({ code: 'PEER_FAILED', detail: { remoteCode: 'PEER_EXPELLED' } })
      await world.pass(2 * baseLimits.HANG_UP_AFTER_MS)
      expect([a.connectedPeers(), keeper.connectedPeers()]).toEqual([[], []])
      expect(gone.toSorted()).toEqual([a.self, keeper.self].toSorted())
    })

    it('meets the door when it comes again', async () => {
      await failure(a.request(keeper.self, bytes(1), OPTIONS))
      await world.pass(2 * baseLimits.HANG_UP_AFTER_MS)
      expect(await request(a, keeper, bytes(0))).toEqual(bytes(0))
      banned.add(a.self)
      await failure(a.request(keeper.self, bytes(1), OPTIONS))
      await world.pass(2 * baseLimits.HANG_UP_AFTER_MS)
      expect(await codeOf(a.request(keeper.self, bytes(0), OPTIONS))).toBe('PEER_REFUSED')
    })
  })

  describe('close', () => {
    it('may be called twice, fails what is open, and refuses what comes after', async () => {
      b.onRequest(() => new Promise(() => {}))
      await world.run(a.connect(b.addresses(), OPTIONS))
      const waiting = outcome(a.request(b.self, bytes(1), OPTIONS))
      await world.pass(50)
      await world.run(Promise.all([a.close(), a.close()]))
      await world.run(a.close())
      expect(await world.run(waiting)).toBe('PEER_GONE')
      expect(await codeOf(a.request(b.self, bytes(1), OPTIONS))).toBe('PEER_GONE')
      expect(await codeOf(a.connect(b.addresses(), OPTIONS))).toBe('PEER_UNREACHABLE')
      expect(a.connectedPeers()).toEqual([])
      await world.pass(100)
      expect(b.connectedPeers()).toEqual([])
    })

    it('ends a dial that is under way', async () => {
      const c = await world.transport('c', member)
      const dialling = outcome(c.connect(b.addresses(), OPTIONS))
      await world.run(c.close())
      expect(['PEER_UNREACHABLE', 'PEER_GONE']).toContain(await world.run(dialling))
    })
  })
}

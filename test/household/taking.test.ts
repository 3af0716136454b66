import { describe, expect, it } from 'vitest'
import { asPeerId, isChordnsError } from '../../src/base/index.ts'
import { Rank } from '../../src/cache/index.ts'
import { parseName } from '../../src/dns/index.ts'
import type { Outcome } from '../../src/evidence/index.ts'
import { limits } from '../../src/household/limits.ts'
import { encodeMessage, encodeRow, type ToldRow } from '../../src/household/rows.ts'
import { addressOf, delegationOf, entryOf, makeBoxes, peerOf, put, question } from './boxes.ts'

const LIAR = peerOf(1)
const enough = 2 * limits.GATHER_MS_PER_MEMBER + 50

function answer(name: string, change: Partial<Extract<ToldRow, { kind: 'answer' }>> = {}): ToldRow {
  const asked = change.question ?? question(name)
  return {
    kind: 'answer',
    question: asked,
    outcome: addressOf(asked, [203, 0, 113, 66]),
    rank: 3,
    seconds: 300,
    ...change,
  }
}

const message = (...rows: ToldRow[]) => encodeMessage(rows.map((row) => encodeRow(row)!))
const lastByte = (outcome: Outcome | undefined) =>
  outcome?.kind === 'rrset' ? outcome.rrset.rdatas[0]!.at(-1) : undefined

describe('taking what a member told', () => {
  it('refuses who is no member, and what is malformed', () => {
    const boxes = makeBoxes(2)
    const { household } = boxes.all[0]!
    const refusal = (from: string, body: Uint8Array) => {
      try {
        household.handle(asPeerId(from), body)
      } catch (error) {
        return isChordnsError(error) ? error.code : String(error)
      }
      return 'taken'
    }
    expect(refusal('stranger', message(answer('www.example.com')))).toBe('HOUSEHOLD_REFUSED')
    expect(refusal(LIAR, Uint8Array.of(1, 2, 3))).toMatch(/MALFORMED$/)
    expect(refusal(LIAR, message(answer('www.example.com')))).toBe('taken')
    expect(household.stats()).toMatchObject({ messagesTaken: 1, messagesRefused: 1, rowsTaken: 1 })
  })

  it('refuses names that are this network’s own, and addresses of private space', () => {
    const boxes = makeBoxes(2, { isPrivate: ({ name }) => name.key.includes('secret') })
    const [box] = boxes.all
    const inside = question('inside.example.com')
    const rows: ToldRow[] = [
      answer('printer.local'),
      answer('nas'),
      answer('x.localhost'),
      answer('router.home.arpa'),
      answer('1.1.168.192.in-addr.arpa', { question: question('1.1.168.192.in-addr.arpa') }),
      answer('www.secret.com'),
      answer('', { question: inside, outcome: addressOf(inside, [10, 0, 0, 1]) }),
      answer('', { question: question('www.example.com', 'ANY') }),
      { kind: 'delegation', delegation: delegationOf('secret.com'), parent: parseName('com') },
      { kind: 'delegation', delegation: delegationOf('lan.local'), parent: parseName('local') },
      { kind: 'delegation', delegation: { ...delegationOf('x'), zone: parseName('.') }, parent: undefined },
    ]
    for (const row of rows) {
      const bytes = encodeRow(row)
      if (bytes === undefined) continue
      try {
        box!.household.handle(LIAR, encodeMessage([bytes]))
      } catch (error) {
        expect(isChordnsError(error), String(error)).toBe(true)
      }
    }
    expect(box!.cache.stats()).toMatchObject({ entries: 0, delegations: 0 })
    expect(box!.household.stats().rowsTaken).toBe(0)
  })

  it('keeps nothing longer than its teller does', async () => {
    const boxes = makeBoxes(3)
    const [first, second, third] = boxes.all
    const { clock } = boxes
    boxes.put(first!, 'www.example.com', { expires: clock.now() + 10_000 })
    first!.watched.putDelegation(
      'main',
      delegationOf('example.com', { ttl: 20, glueTtl: 12 }),
      clock.now(),
      parseName('com'),
    )
    await boxes.wait(enough)
    const own = boxes.seen(first!, 'www.example.com')!
    expect(boxes.seen(second!, 'www.example.com')!.expires).toBeLessThanOrEqual(own.expires)
    const cut = (box: typeof first) => box!.cache.delegation('main', parseName('www.example.com'), clock.now())!
    expect(cut(second).expires).toBeLessThanOrEqual(cut(first).expires)
    expect(cut(second).glueExpires).toBeLessThanOrEqual(cut(first).glueExpires)
    // Nor by way of one who was away and takes over all.
    await boxes.wait(3_000)
    third!.cache.flush()
    for await (const frame of second!.household.supply(third!.peer, new AbortController().signal))
      third!.household.handle(second!.peer, frame)
    expect(boxes.seen(third!, 'www.example.com')!.expires).toBeLessThanOrEqual(own.expires)
    expect(cut(third).expires).toBeLessThanOrEqual(cut(first).expires)
    expect(cut(third).glueExpires).toBeLessThanOrEqual(cut(first).glueExpires)
  })

  it('never replaces what this node has validated, nor a delegation that it has', () => {
    const boxes = makeBoxes(2)
    const [box] = boxes.all
    const { clock } = boxes
    const now = clock.now()
    put(box!.cache, 'secure.example.com', now, { security: 'secure', rank: Rank.SECURE })
    put(box!.cache, 'insecure.example.com', now, { security: 'insecure' })
    box!.cache.putDelegation('main', delegationOf('example.com'), now, parseName('com'))
    const alias = (name: string) => {
      const asked = question(name)
      const rrset = { ...addressOf(asked, []), rrset: { ...cname(name, 'evil.example.org') } }
      return answer(name, { outcome: rrset as Outcome })
    }
    const absent = (name: string): ToldRow =>
      answer(name, {
        outcome: { kind: 'absent', rcode: 3, apex: parseName('example.com'), soa: undefined, proofs: [] },
      })
    const evil = delegationOf('example.com', { nameServers: [parseName('ns.evil.example')] })
    for (const name of ['secure.example.com', 'insecure.example.com'])
      box!.household.handle(LIAR, message(answer(name), absent(name), alias(name)))
    box!.household.handle(LIAR, message({ kind: 'delegation', delegation: evil, parent: parseName('com') }))
    expect(boxes.seen(box!, 'secure.example.com')).toMatchObject({ security: 'secure' })
    expect(lastByte(boxes.seen(box!, 'secure.example.com')?.outcome)).toBe(1)
    expect(boxes.seen(box!, 'insecure.example.com')).toMatchObject({ security: 'insecure' })
    expect(lastByte(boxes.seen(box!, 'insecure.example.com')?.outcome)).toBe(1)
    const [server] = box!.cache.delegation('main', parseName('example.com'), now)!.delegation.nameServers
    expect(server!.key).toBe(parseName('ns.example.com').key)
  })

  it('takes all as not validated, whatever its teller has made of it', async () => {
    const boxes = makeBoxes(2)
    const [first, second] = boxes.all
    boxes.put(first!, 'www.example.com', { security: 'secure', rank: Rank.SECURE })
    await boxes.wait(enough)
    expect(boxes.seen(second!, 'www.example.com')).toMatchObject({
      security: 'indeterminate',
      provenance: 'solo',
      rank: Rank.AUTHORITATIVE,
    })
  })

  it('takes so many bytes of one member, and more when it has paused', async () => {
    const boxes = makeBoxes(3)
    const [box] = boxes.all
    const big = question('big.example.com', 'TYPE65300')
    const rdatas = Array.from({ length: 150 }, (_, i) => new Uint8Array(255).fill(i))
    const text = {
      ...addressOf(big, []),
      rrset: { ...cname('big.example.com', 'x'), type: big.type, rdatas },
    } as Outcome
    const body = message(answer('', { question: big, outcome: text }))
    const tell = (from: number) => {
      let count = 0
      try {
        while (count < 1_000) {
          box!.household.handle(peerOf(from), body)
          count++
        }
      } catch (error) {
        expect(error).toMatchObject({ code: 'HOUSEHOLD_REFUSED' })
      }
      return count
    }
    const most = Math.floor(limits.TAKEN_BURST_BYTES / body.length)
    expect(tell(1)).toBe(most)
    expect(tell(2)).toBe(most)
    await boxes.wait(1_000)
    expect(tell(1)).toBe(Math.floor(limits.TAKEN_BYTES_PER_SECOND / body.length))
  })

  it('does not let strangers wear out what members may tell', () => {
    const boxes = makeBoxes(2)
    const [box] = boxes.all
    const body = message(answer('www.example.com'))
    const tells = () => {
      try {
        return box!.household.handle(LIAR, body) !== undefined
      } catch {
        return false
      }
    }
    while (tells());
    for (let i = 0; i < limits.MAX_RATED + 1; i++)
      expect(() => box!.household.handle(asPeerId(`stranger${i}`), body)).toThrow('not a member')
    expect(tells()).toBe(false)
  })

  it('remembers whose word it is as long as it is theirs', async () => {
    const boxes = makeBoxes(3)
    const [first, second] = boxes.all
    boxes.put(first!, 'www.example.com')
    await boxes.wait(enough)
    expect(second!.household.sourceOf(question('WWW.example.com'))).toBe('box0')
    expect(first!.household.sourceOf(question('www.example.com'))).toBeUndefined()
    for (let i = 0; i < limits.MAX_SOURCES; i += 400) {
      const rows = Array.from({ length: 400 }, (_, k) => answer(`n${i + k}.example.com`))
      second!.household.handle(peerOf(2), message(...rows))
      await boxes.wait(1_000)
    }
    expect(second!.household.sourceOf(question('www.example.com'))).toBeUndefined()
  })

  it('has nothing to do with a cache that nobody watches: entries from disk are not told', async () => {
    const boxes = makeBoxes(2)
    const [first] = boxes.all
    first!.cache.put('main', entryOf('www.example.com', boxes.clock.now()), boxes.clock.now())
    await boxes.wait(enough)
    expect(boxes.sent).toEqual([])
  })
})

function cname(owner: string, target: string) {
  return { name: parseName(owner), type: 5, class: 1, ttl: 300, rdatas: [parseName(target).wire], signatures: [] }
}

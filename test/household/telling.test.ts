import { describe, expect, it } from 'vitest'
import { Rank } from '../../src/cache/index.ts'
import { parseName } from '../../src/dns/index.ts'
import { limits } from '../../src/household/limits.ts'
import { addressOf, type Boxes, delegationOf, entryOf, makeBoxes, question, rowText } from './boxes.ts'

const texts = (boxes: Boxes) => boxes.sent.map(({ from, to, rows }) => `${from} ${to}: ${rows.map(rowText).join(', ')}`)
const told = (boxes: Boxes) => boxes.sent.flatMap(({ rows }) => rows.map(rowText))
/** For three members. */
const gatherMs = 2 * limits.GATHER_MS_PER_MEMBER
const enough = gatherMs + 50

describe('telling the household', () => {
  it('gathers what leads to an answer, and sends each of the others one message when that is there', async () => {
    const boxes = makeBoxes(3)
    const [first] = boxes.all
    first!.watched.putDelegation('main', delegationOf('example.com'), boxes.clock.now(), parseName('com'))
    await boxes.wait(gatherMs / 2)
    expect(boxes.sent).toEqual([])
    boxes.put(first!, 'www.example.com')
    await boxes.wait(limits.ANSWERED_MS)
    const rows = 'example.com. cut, www.example.com. A'
    expect(texts(boxes)).toEqual([`box0 box1: ${rows}`, `box0 box2: ${rows}`])
    await boxes.wait(enough)
    expect(first!.household.stats()).toMatchObject({ rowsTold: 2, messagesSent: 2, messagesLost: 0 })
  })

  it('gathers after a message for as long as ever, so that a busy box sends no more of them', async () => {
    const boxes = makeBoxes(2)
    const [first] = boxes.all
    const gatherTwoMs = limits.GATHER_MS_PER_MEMBER
    boxes.put(first!, 'n0.example.com')
    await boxes.wait(limits.ANSWERED_MS)
    for (let i = 1; i < 4; i++) boxes.put(first!, `n${i}.example.com`)
    await boxes.wait(gatherTwoMs - 1)
    expect(texts(boxes)).toEqual(['box0 box1: n0.example.com. A'])
    await boxes.wait(1)
    expect(texts(boxes).slice(1)).toEqual(['box0 box1: n1.example.com. A, n2.example.com. A, n3.example.com. A'])
    // All of a second: an answer each 5 ms.
    for (let i = 0; i < 200; i++) {
      boxes.put(first!, `m${i}.example.com`)
      await boxes.wait(5)
    }
    expect(boxes.sent.length).toBeLessThanOrEqual(2 + Math.ceil(1_000 / gatherTwoMs))
  })

  it('tells delegations that lead to nothing when the time to gather is over', async () => {
    const boxes = makeBoxes(2)
    const [first] = boxes.all
    first!.watched.putDelegation('main', delegationOf('example.com'), boxes.clock.now(), parseName('com'))
    await boxes.wait(limits.GATHER_MS_PER_MEMBER - 1)
    expect(boxes.sent).toEqual([])
    await boxes.wait(1)
    expect(texts(boxes)).toEqual(['box0 box1: example.com. cut'])
  })

  it('says what is left of an answer to the millisecond, and in whole seconds to members of the release before', async () => {
    const boxes = makeBoxes(3)
    const [first, , third] = boxes.all
    boxes.old.add(third!.peer)
    boxes.put(first!, 'www.example.com', { expires: boxes.clock.now() + 20_000 })
    await boxes.wait(enough)
    const left = boxes.sent.map(({ to, rows }) => [to, ...rows.map((row) => row.kind === 'answer' && row.seconds)])
    expect(left).toEqual([
      ['box1', 20 - limits.ANSWERED_MS / 1_000],
      ['box2', 19],
    ])
    expect(boxes.sent.map(({ body }) => body[1])).toEqual([2, 1])
    expect(first!.household.stats()).toMatchObject({ rowsTold: 1, messagesSent: 2 })
  })

  it('tells each thing once, in its last state', async () => {
    const boxes = makeBoxes(2)
    const [first] = boxes.all
    const { clock } = boxes
    const delegation = delegationOf('example.com')
    first!.watched.putDelegation('main', delegation, clock.now(), parseName('com'))
    const entry = entryOf('www.example.com', clock.now())
    first!.watched.put('main', entry, clock.now())
    first!.watched.put('main', { ...entry, security: 'insecure' }, clock.now())
    await boxes.wait(enough)
    // Its verdict comes late; and the parent refers there once more.
    first!.watched.put('main', { ...entry, security: 'secure', rank: Rank.SECURE }, clock.now())
    first!.watched.putDelegation('main', delegation, clock.now(), parseName('com'))
    await boxes.wait(enough)
    expect(told(boxes)).toEqual(['example.com. cut', 'www.example.com. A'])
  })

  it('tells at once again what was fetched anew, and a delegation that came with more', async () => {
    const boxes = makeBoxes(2)
    const [first] = boxes.all
    const zone = delegationOf('example.com')
    boxes.put(first!, 'www.example.com')
    first!.watched.putDelegation('main', { ...zone, addresses: new Map() }, boxes.clock.now(), parseName('com'))
    await boxes.wait(enough)
    boxes.put(first!, 'www.example.com')
    first!.watched.putDelegation('main', zone, boxes.clock.now(), parseName('com'))
    await boxes.wait(enough)
    expect(told(boxes)).toHaveLength(4)
  })

  it('never tells what is bogus, not even when it was gathered before it was validated', async () => {
    const boxes = makeBoxes(2)
    const [first] = boxes.all
    const entry = entryOf('www.example.com', boxes.clock.now())
    first!.watched.put('main', entry, boxes.clock.now())
    await boxes.wait(limits.ANSWERED_MS - 1)
    first!.watched.remove('main', entry.question)
    first!.watched.put('main', { ...entry, security: 'bogus' }, boxes.clock.now())
    boxes.put(first!, 'other.example.com', { security: 'bogus' })
    await boxes.wait(enough)
    expect(told(boxes)).toEqual([])
  })

  it('keeps private names, private addresses, other contexts and copies of the ring to itself', async () => {
    const boxes = makeBoxes(2, { isPrivate: ({ name }) => name.key.includes('secret') })
    const [first] = boxes.all
    const now = boxes.clock.now()
    for (const name of ['printer.local', 'router.home.arpa', 'nas', 'x.localhost', 'www.secret.com'])
      boxes.put(first!, name)
    const inside = question('inside.example.com')
    boxes.put(first!, 'inside.example.com', { outcome: addressOf(inside, [192, 168, 1, 1]) })
    first!.watched.put('stub:example.', entryOf('www.example.com', now), now)
    boxes.put(first!, 'www.example.org', { side: 'ring' })
    boxes.put(first!, 'agreed.example.org', { provenance: 'agreed', rank: Rank.AGREED })
    boxes.put(first!, 'any.example.org', { question: question('any.example.org', 'ANY') })
    boxes.put(first!, 'version.bind', { question: { ...question('version.bind', 'TXT'), class: 3 } })
    first!.watched.putDelegation('main', delegationOf('lan.local'), now, parseName('local'))
    first!.watched.putDelegation('main', delegationOf('secret.com'), now, parseName('com'))
    first!.watched.putDelegation('stub:example.', delegationOf('example.com'), now, parseName('com'))
    first!.watched.putDelegation('main', { ...delegationOf('x'), zone: parseName('.') }, now)
    await boxes.wait(enough)
    expect(told(boxes)).toEqual([])
    // A catch-up brings none of it either.
    const all: string[] = []
    for await (const frame of first!.household.supply(boxes.all[1]!.peer, new AbortController().signal))
      all.push(String(frame))
    expect(all).toEqual([])
  })

  it('does not tell again what it was told, also when it validates it, until it fetches it itself', async () => {
    const boxes = makeBoxes(3)
    const [first, second] = boxes.all
    first!.watched.putDelegation('main', delegationOf('example.com'), boxes.clock.now(), parseName('com'))
    boxes.put(first!, 'www.example.com')
    await boxes.wait(enough)
    const taken = boxes.seen(second!, 'www.example.com')!
    expect(taken.security).toBe('indeterminate')
    // As the recursor keeps a verdict: the entry, its date, and what it is worth now.
    second!.watched.put('main', { ...taken, security: 'insecure' }, boxes.clock.now())
    await boxes.wait(5_000)
    expect(boxes.sent).toHaveLength(2)
    expect(second!.household.sourceOf(question('www.example.com'))).toBe('box0')
    boxes.put(second!, 'www.example.com', { security: 'insecure' })
    await boxes.wait(enough)
    expect(texts(boxes).slice(2)).toEqual(['box1 box0: www.example.com. A', 'box1 box2: www.example.com. A'])
    expect(second!.household.sourceOf(question('www.example.com'))).toBeUndefined()
  })

  it('tells nobody when it is alone, or one of more than sixteen', async () => {
    const alone = makeBoxes(1)
    alone.put(alone.all[0]!, 'www.example.com')
    await alone.wait(enough)
    expect(alone.sent).toEqual([])
    const crowd = makeBoxes(2)
    for (let i = 0; i < limits.MAX_MEMBERS - 2; i++) crowd.extra.add(`far${i}` as never)
    expect(crowd.all[0]!.household.isWhole()).toBe(true)
    crowd.extra.add('one too many' as never)
    expect(crowd.all[0]!.household.isWhole()).toBe(false)
    crowd.put(crowd.all[0]!, 'www.example.com')
    await crowd.wait(enough)
    expect(crowd.sent).toEqual([])
    expect(crowd.all[0]!.household.stats().rowsTold).toBe(0)
  })

  it('lets the oldest give way when too many rows wait, and sends the others in messages that fit', async () => {
    const boxes = makeBoxes(2)
    const [first] = boxes.all
    const count = limits.MAX_WAITING + 50
    for (let i = 0; i < count; i++) boxes.put(first!, `n${i}.example.com`)
    await boxes.wait(enough)
    for (const { body, rows } of boxes.sent) {
      expect(body.length).toBeLessThanOrEqual(limits.MESSAGE_BYTES + 1_024)
      expect(rows.length).toBeLessThanOrEqual(limits.MAX_ROWS)
    }
    const names = told(boxes)
    expect(names).toHaveLength(limits.MAX_WAITING)
    expect([names[0], names.at(-1)]).toEqual(['n50.example.com. A', `n${count - 1}.example.com. A`])
  })

  it('waits for few acknowledgements of one member, and drops what a slow one misses', async () => {
    const boxes = makeBoxes(2)
    const [first, second] = boxes.all
    boxes.slow = true
    for (let i = 0; i < limits.MAX_IN_FLIGHT + 3; i++) {
      boxes.put(first!, `n${i}.example.com`)
      await boxes.wait(enough)
    }
    expect(boxes.sent).toHaveLength(limits.MAX_IN_FLIGHT)
    expect(first!.household.stats().messagesLost).toBe(3)
    boxes.slow = false
    await boxes.wait(1_000)
    boxes.put(first!, 'again.example.com')
    await boxes.wait(enough)
    expect(boxes.seen(second!, 'again.example.com')).toBeDefined()
  })

  it('counts what does not arrive, and goes on', async () => {
    const boxes = makeBoxes(3)
    const [first, second, third] = boxes.all
    // Its connection broke, and nobody has noticed.
    boxes.extra.add(second!.peer)
    boxes.away.add(second!.peer)
    boxes.put(first!, 'www.example.com')
    await boxes.wait(enough)
    expect(first!.household.stats()).toMatchObject({ messagesSent: 2, messagesLost: 1 })
    expect(boxes.seen(third!, 'www.example.com')).toBeDefined()
  })

  it('says at its end what it has not told yet', async () => {
    const boxes = makeBoxes(2)
    const [first, second] = boxes.all
    boxes.put(first!, 'www.example.com')
    await boxes.clock.run(first!.household.stop())
    expect(boxes.seen(second!, 'www.example.com')).toBeDefined()
    boxes.put(first!, 'late.example.com')
    await boxes.wait(enough)
    expect(boxes.seen(second!, 'late.example.com')).toBeUndefined()
  })
})

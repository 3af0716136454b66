/** A node that seeks the ring reads the table of a contact, page by page; a contact that lies does not keep it out. */
import { describe, expect, it } from 'vitest'
import type { RingId } from '../../../src/base/index.ts'
import { limits } from '../../../src/ring/limits.ts'
import { initialState, step } from '../../../src/ring/machine/machine.ts'
import type { RingEffect, RingEvent } from '../../../src/ring/machine/state.ts'
import { signEntry } from '../../../src/ring/members/member.ts'
import type { MemberEntry } from '../../../src/ring/types.ts'
import type { RingReply } from '../../../src/ring/wire/messages.ts'
import { contextOf, keyOf, scheme } from '../world.ts'

const START = 1_700_000_000_000
type Send = Extract<RingEffect, { kind: 'send' }>
type AskPage = Extract<Send['request'], { type: 'ask-page' }>

const members = Array.from({ length: 900 }, (_, i) => rowOf(`member ${i}`)).sort((a, b) => (a.id < b.id ? -1 : 1))
const [liar, honest] = [members[100]!, members[700]!]

describe('a table read from a contact', () => {
  it('that always names a next page does not keep a joiner out: two contacts are read, the first to end counts', () => {
    // Every page holds one true row, and names a next.
    const run = seek([liar, honest], (asked, after) => (asked === liar ? onePage(liar, after, 1, true) : page(after)))
    expect(run.phase).toBe('joining')
    expect(run.pagesOf(liar)).toBeLessThanOrEqual(1)
    expect(run.pagesOf(honest)).toBe(4)
  })

  it('that goes back, stands still, or names what it has not sent, is read no further', () => {
    for (const next of [
      () => members[0]!.id,
      (after: RingId | undefined) => after ?? members[3]!.id,
      () => 'f'.repeat(64) as RingId,
    ]) {
      const run = seek([liar, honest], (asked, after) =>
        asked === liar ? { ...onePage(liar, after, 256, true), next: next(after) } : page(after),
      )
      expect(run.phase).toBe('joining')
      expect(run.pagesOf(liar)).toBeLessThanOrEqual(2)
    }
  })

  it('with rows without end, minted and in order, is given up when it has more than a table can hold', () => {
    let next = 0
    // Ids that grow; nobody signed them.
    const minted = () =>
      Array.from({ length: 40 }, () => ({
        ...liar,
        status: 'left' as const,
        id: (next++).toString(16).padStart(64, '0') as RingId,
      }))
    const endless = (): RingReply => {
      const entries = minted()
      return { type: 'page', member: true, self: liar, entries, next: entries.at(-1)!.id }
    }
    const run = seek([liar], endless, 20_000)
    expect(run.phase).toBe('seeking')
    expect(run.pagesOf(liar)).toBeLessThanOrEqual(limits.MAX_MEMBERS / limits.LEAST_PAGE + 1)
    expect(run.timers).toContain('contact')
    // Beside an honest one it costs a few pages.
    const beside = seek([liar, honest], (asked, after) => (asked === liar ? endless() : page(after)))
    expect(beside.phase).toBe('joining')
    expect(beside.pagesOf(liar)).toBeLessThanOrEqual(limits.PAGES_BEFORE_SECOND + 5)
  })

  it('is read on where it stopped when the contact has no time for a page, and not for ever', () => {
    let busy = 0
    const seldom = (_: MemberEntry, after: RingId | undefined) =>
      after !== undefined && busy++ % 3 < 2 ? undefined : page(after)
    const run = seek([honest], seldom)
    expect(run.phase).toBe('joining')
    expect(run.pagesOf(honest)).toBe(4 + 6)
    const never = seek([honest], (_, after) => (after === undefined ? page(after) : undefined))
    expect(never.phase).toBe('seeking')
    expect(never.pagesOf(honest)).toBe(2 + limits.MAX_BUSY)
  })

  it('is asked for without welcomes by who believes its contact anyway, and with them by who remembers some members', () => {
    const askedBy = (known: readonly MemberEntry[]) => {
      const context = contextOf('seeker')
      let state = initialState(context, START)
      const asked: boolean[] = []
      for (const event of [
        { kind: 'start', known },
        { kind: 'contacted', peer: honest.peer },
      ] as RingEvent[]) {
        const result = step(context, state, event, START)
        state = result.state
        for (const effect of result.effects)
          if (effect.kind === 'send' && effect.request.type === 'ask-page') asked.push(effect.request.bare === true)
      }
      return asked
    }
    expect(askedBy([])).toEqual([true])
    expect(new Set(askedBy(members.slice(0, 2 * limits.LEAST_REMEMBERED)))).toEqual(new Set([false]))
  })

  it('of a large ring is sent without welcomes to who does not want them', () => {
    const welcome = { hint: new Uint8Array(8), at: START, signature: new Uint8Array(64) }
    const sentBy = (count: number, bare: boolean) => {
      const context = contextOf('large')
      const state = initialState(context, START)
      state.phase = 'member'
      for (let i = 0; i < count; i++) state.table.put({ ...rowOf(`many ${i}`), welcomes: [welcome] }, START)
      const request = { type: 'ask-page', entry: honest, after: undefined, bare } as const
      const { effects } = step(context, state, { kind: 'request', from: honest.peer, request }, START)
      const reply = effects.find((effect) => effect.kind === 'respond')?.reply
      return reply?.type === 'page' && reply.entries.some(({ welcomes = [] }) => welcomes.length > 0)
    }
    expect(sentBy(limits.MAX_REMEMBERED + 1, true)).toBe(false)
    expect(sentBy(limits.MAX_REMEMBERED + 1, false)).toBe(true)
    // A joiner of a small ring gives its rows to those who hold them against their welcomes.
    expect(sentBy(20, true)).toBe(true)
  })

  it('drop by drop is given up in time', () => {
    const drip = (after: RingId | undefined) => onePage(liar, after, limits.LEAST_PAGE, true)
    const run = seek([liar], (_, after) => drip(after === members.at(-1)!.id ? undefined : after), 2_000, 20_000)
    expect(run.phase).toBe('seeking')
    expect(run.pagesOf(liar)).toBeLessThanOrEqual(limits.READING_MS / 20_000 + 2)
  })
})

/** Feeds a seeker whose contacts answer as told (undefined: they have no time), `stepMs` a page, until it joins or has nothing to ask. */
function seek(
  contacts: readonly MemberEntry[],
  answer: (asked: MemberEntry, after: RingId | undefined) => RingReply | undefined,
  most = 2_000,
  stepMs = 5,
) {
  const context = contextOf('seeker')
  let now = START
  let state = initialState(context, now)
  const waiting: Send[] = []
  const timers: string[] = []
  const pages = new Map<string, number>()
  const feed = (event: RingEvent) => {
    const result = step(context, state, event, now)
    state = result.state
    waiting.push(...result.effects.filter((effect) => effect.kind === 'send'))
    timers.push(...result.effects.filter((effect) => effect.kind === 'timer').map(({ timer }) => timer))
  }
  feed({ kind: 'start', known: [] })
  for (const { peer } of contacts) feed({ kind: 'contacted', peer })
  feed({ kind: 'contacts-done', tried: contacts.length })
  for (let i = 0; i < most && waiting.length > 0 && state.phase === 'seeking'; i++) {
    const { token, peer, request } = waiting.shift()!
    if (request.type !== 'ask-page') continue
    now += stepMs
    pages.set(peer, (pages.get(peer) ?? 0) + 1)
    const asked = contacts.find((one) => one.peer === peer)!
    const reply = answer(asked, (request as AskPage).after)
    if (reply !== undefined) feed({ kind: 'reply', token, reply, elapsedMs: stepMs })
    else {
      feed({ kind: 'failed', token, alive: true })
      feed({ kind: 'timer', timer: 'page' })
    }
  }
  return { phase: state.phase, timers, pagesOf: ({ peer }: MemberEntry) => pages.get(peer) ?? 0 }
}

/** What an honest member answers. */
function page(after: RingId | undefined): RingReply {
  return onePage(honest, after, limits.MAX_ENTRIES, false)
}

function onePage(self: MemberEntry, after: RingId | undefined, count: number, endless: boolean) {
  const rest = members.filter(({ id }) => after === undefined || id > after)
  const entries = rest.slice(0, count)
  const next = endless || rest.length > count ? entries.at(-1)?.id : undefined
  return { type: 'page' as const, member: true, self, entries, next }
}

function rowOf(name: string): MemberEntry {
  return signEntry('test', scheme.signer(keyOf(name)), {
    salt: new Uint8Array(),
    addresses: [`/memory/${name}`],
    status: 'alive',
    incarnation: START,
  })
}

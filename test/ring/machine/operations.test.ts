/** One member among fakes that answer as the test says: what it asks, in which order, and what it makes of the answers. */
import { describe, expect, it } from 'vitest'
import type { RingId } from '../../../src/base/index.ts'
import { limits } from '../../../src/ring/limits.ts'
import { initialState, step } from '../../../src/ring/machine/machine.ts'
import type { RingEffect, RingEvent, RingState } from '../../../src/ring/machine/state.ts'
import { signEntry } from '../../../src/ring/members/member.ts'
import type { MemberEntry } from '../../../src/ring/types.ts'
import { encodeMessage } from '../../../src/ring/wire/encode.ts'
import type { RingReply, RingRequest, StateReply } from '../../../src/ring/wire/messages.ts'
import { contextOf, keyOf, scheme } from '../world.ts'

const NOW = 1_700_000_000_000
const context = contextOf('self')

/** Twenty others in ring order after `self`. */
const others: MemberEntry[] = Array.from({ length: 20 }, (_, i) =>
  signEntry('test', scheme.signer(keyOf(`other ${i}`)), {
    salt: new Uint8Array(),
    addresses: [],
    status: 'alive',
    incarnation: NOW,
  }),
)
const selfId = initialState(context, NOW).self.id
others.sort((a, b) => (a.id > selfId === b.id > selfId ? (a.id < b.id ? -1 : 1) : a.id > selfId ? -1 : 1))

type Send = Extract<RingEffect, { kind: 'send' }>

class Node {
  state: RingState
  sent: Send[] = []
  timers: string[] = []

  constructor() {
    this.state = initialState(context, NOW)
  }

  feed(event: RingEvent): RingReply | undefined {
    const { state, effects } = step(context, this.state, event, NOW)
    this.state = state
    this.sent.push(...effects.filter((effect) => effect.kind === 'send'))
    this.timers.push(...effects.filter((effect) => effect.kind === 'timer').map(({ timer }) => timer))
    return effects.find((effect) => effect.kind === 'respond')?.reply
  }

  /** The oldest unanswered request of a type; fails the test when there is none. */
  take(type: RingRequest['type']): Send {
    const index = this.sent.findIndex(({ request }) => request.type === type)
    expect(index, `no ${type} among ${this.sent.map(({ request }) => request.type)}`).toBeGreaterThanOrEqual(0)
    return this.sent.splice(index, 1)[0]!
  }

  reply(send: Send, reply: RingReply): void {
    this.feed({ kind: 'reply', token: send.token, reply, elapsedMs: 5 })
  }

  fail(send: Send): void {
    this.feed({ kind: 'failed', token: send.token, alive: false })
  }

  asked(type: RingRequest['type']): MemberEntry | undefined {
    const send = this.sent.find(({ request }) => request.type === type)
    return others.find(({ peer }) => peer === send?.peer)
  }
}

function stateOf(member: MemberEntry, over: Partial<StateReply> = {}): StateReply {
  const at = others.indexOf(member)
  const successors = others.slice(at + 1, at + 17).map(({ id }) => id)
  const predecessor: RingId | undefined = others[at - 1]?.id ?? selfId
  const summary = new Uint8Array(16)
  return {
    type: 'state',
    member: true,
    busy: false,
    id: member.id,
    predecessor,
    successors,
    summary,
    entries: [],
    ...over,
  }
}

/** A seeker that has read the whole table from the first bootstrap address. */
function joining(): Node {
  const node = new Node()
  node.feed({ kind: 'start', known: [] })
  node.feed({ kind: 'contacted', peer: others[3]!.peer })
  node.reply(node.take('ask-page'), { type: 'page', member: true, self: others[3]!, entries: others, next: undefined })
  return node
}

function member(): Node {
  const node = joining()
  const last = others.at(-1)!
  node.reply(node.take('ask-state'), stateOf(last, { successors: others.slice(0, 16).map(({ id }) => id) }))
  expect(node.state.phase).toBe('member')
  node.sent = []
  node.timers = []
  return node
}

describe('joining', () => {
  it('asks the member before it, takes its whole list, and only then counts', () => {
    const node = joining()
    expect(node.state.phase).toBe('joining')
    const last = others.at(-1)!
    expect(node.asked('ask-state')).toEqual(last)
    node.reply(node.take('ask-state'), stateOf(last, { successors: others.slice(0, 16).map(({ id }) => id) }))
    expect(node.state.phase).toBe('member')
    expect(node.state.pointers.predecessor).toBe(last.id)
    expect(node.state.pointers.successors).toEqual(others.slice(0, 16).map(({ id }) => id))
    node.feed({ kind: 'timer', timer: 'flush' })
    const told = node.sent.filter(({ request }) => request.type === 'push')
    expect(told).toHaveLength(20)
  })

  it('walks on to a member that stands closer than the table said', () => {
    const node = new Node()
    const [nearer, nearest] = others.slice(18) as [MemberEntry, MemberEntry]
    node.feed({ kind: 'start', known: [] })
    node.feed({ kind: 'contacted', peer: others[3]!.peer })
    node.reply(node.take('ask-page'), {
      type: 'page',
      member: true,
      self: others[3]!,
      entries: others.slice(0, 19),
      next: undefined,
    })
    const list = [nearest.id, ...others.slice(0, 15).map(({ id }) => id)]
    node.reply(node.take('ask-state'), stateOf(nearer, { successors: list, entries: [nearest] }))
    expect(node.state.phase).toBe('joining')
    expect(node.asked('ask-state')).toEqual(nearest)
    node.reply(node.take('ask-state'), stateOf(nearest, { successors: others.slice(0, 16).map(({ id }) => id) }))
    expect(node.state.pointers.predecessor).toBe(nearest.id)
  })

  it('asks a busy member again, and not for ever', () => {
    const node = joining()
    const last = others.at(-1)!
    for (let i = 0; i < limits.MAX_BUSY; i++) {
      node.reply(node.take('ask-state'), stateOf(last, { busy: true }))
      expect(node.timers.at(-1)).toBe('retry')
      node.feed({ kind: 'timer', timer: 'retry' })
      expect(node.asked('ask-state')).toEqual(last)
    }
    node.reply(node.take('ask-state'), stateOf(last, { busy: true }))
    expect(node.asked('ask-state')).toEqual(others[18])
  })

  it('does not take who is no member itself', () => {
    const node = joining()
    node.reply(node.take('ask-state'), stateOf(others.at(-1)!, { member: false }))
    expect(node.state.phase).toBe('joining')
    expect(node.asked('ask-state')).toEqual(others[18])
  })

  it('goes back to seeking when nobody before it answers', () => {
    const node = joining()
    for (let i = 0; i < 200 && node.state.phase === 'joining'; i++) node.fail(node.take('ask-state'))
    expect(node.state.phase).toBe('seeking')
    expect(node.timers.at(-1)).toBe('contact')
  })
})

describe('seeking', () => {
  it('takes whoever speaks to it as to a member for a contact', () => {
    const node = new Node()
    node.feed({ kind: 'start', known: [] })
    node.feed({ kind: 'contacts-done', tried: 1 })
    expect(node.state.phase).toBe('seeking')
    node.feed({ kind: 'request', from: others[2]!.peer, request: { type: 'ping' } })
    expect(node.asked('ask-page')).toEqual(others[2])
  })

  it('begins a ring at once when there is nobody to ask', () => {
    const node = new Node()
    node.feed({ kind: 'start', known: [] })
    node.feed({ kind: 'contacts-done', tried: 0 })
    expect(node.state.phase).toBe('member')
  })

  it('begins a ring among strangers only with the smallest id, and only after some vain rounds', () => {
    for (const stranger of [others.find(({ id }) => id > selfId)!, others.find(({ id }) => id < selfId)!]) {
      const node = new Node()
      node.feed({ kind: 'start', known: [] })
      for (let round = 0; round < 10 && node.state.phase === 'seeking'; round++) {
        node.feed({ kind: 'contacted', peer: stranger.peer })
        while (node.sent.length > 0) {
          node.reply(node.take('ask-page'), {
            type: 'page',
            member: false,
            self: stranger,
            entries: [],
            next: undefined,
          })
        }
        node.feed({ kind: 'contacts-done', tried: 1 })
        if (round < limits.GENESIS_AFTER) expect(node.state.phase).toBe('seeking')
        node.feed({ kind: 'timer', timer: 'contact' })
      }
      expect(node.state.phase).toBe(stranger.id > selfId ? 'member' : 'seeking')
    }
  })
})

describe('an operation', () => {
  it('makes the node answer busy to who asks for its state, and pings at once', () => {
    const node = member()
    const request: RingRequest = { type: 'ask-state', summary: new Uint8Array(16) }
    expect(node.feed({ kind: 'request', from: others[5]!.peer, request })).toMatchObject({ busy: false })
    node.feed({ kind: 'timer', timer: 'stabilise' })
    expect(node.feed({ kind: 'request', from: others[5]!.peer, request })).toMatchObject({ busy: true })
    expect(node.feed({ kind: 'request', from: others[5]!.peer, request: { type: 'ping' } })).toEqual({ type: 'ok' })
    node.reply(node.take('ask-state'), stateOf(others[0]!))
    expect(node.feed({ kind: 'request', from: others[5]!.peer, request })).toMatchObject({ busy: false })
  })

  it('is the only one: a tick during it starts no other', () => {
    const node = member()
    node.feed({ kind: 'timer', timer: 'stabilise' })
    node.feed({ kind: 'timer', timer: 'stabilise' })
    node.feed({ kind: 'timer', timer: 'wake' })
    expect(node.sent.filter(({ request }) => request.type === 'ask-state')).toHaveLength(1)
  })

  it('of stabilising ends with a notify to the successor that answered, unless it has this node before it already', () => {
    const node = member()
    node.feed({ kind: 'timer', timer: 'stabilise' })
    node.reply(node.take('ask-state'), stateOf(others[0]!, { predecessor: undefined }))
    expect(node.asked('notify')).toEqual(others[0])
    expect(node.state.operation).toBeUndefined()
    node.sent = []
    node.feed({ kind: 'timer', timer: 'stabilise' })
    node.reply(node.take('ask-state'), stateOf(others[0]!, { predecessor: selfId }))
    expect(node.sent.filter(({ request }) => request.type === 'notify')).toEqual([])
    expect(node.state.operation).toBeUndefined()
  })

  it('says which state of its successor it has seen, and is answered in few bytes when that is still so', () => {
    const node = member()
    const request: RingRequest = { type: 'ask-state', summary: new Uint8Array(16) }
    const whole = node.feed({ kind: 'request', from: others[5]!.peer, request })
    const seen = whole?.type === 'state' ? whole.stamp! : new Uint8Array()
    const again = node.feed({ kind: 'request', from: others[5]!.peer, request: { ...request, seen } })
    expect(again).toEqual({ type: 'unchanged', member: true, busy: false, summary: node.state.table.summary() })
    expect(encodeMessage(again!).length).toBeLessThan(40)

    const stamp = new Uint8Array(8).fill(1)
    node.feed({ kind: 'timer', timer: 'stabilise' })
    node.reply(node.take('ask-state'), stateOf(others[0]!, { stamp }))
    const before = node.state.pointers
    node.feed({ kind: 'timer', timer: 'stabilise' })
    const sent = node.take('ask-state')
    expect(sent.request).toMatchObject({ seen: stamp })
    node.reply(sent, { type: 'unchanged', member: true, busy: false, summary: new Uint8Array(16) })
    expect(node.state.pointers).toEqual(before)
    expect(node.state.operation).toBeUndefined()
  })

  it('asks twice before it drops a successor, and then notifies the next', () => {
    const node = member()
    node.feed({ kind: 'timer', timer: 'stabilise' })
    node.fail(node.take('ask-state'))
    expect(node.state.pointers.successors[0]).toBe(others[0]!.id)
    node.fail(node.take('ask-state'))
    expect(node.state.pointers.successors[0]).toBe(others[1]!.id)
    expect(node.asked('notify')).toEqual(others[1])
    // The table still has it: silence changes whom one asks, never the set.
    expect(node.state.table.isAlive(others[0]!.id)).toBe(true)
    expect(node.state.detector.isSuspect(others[0]!.id)).toBe(true)
  })

  it('keeps a successor that is there but has its hands full', () => {
    const node = member()
    node.feed({ kind: 'timer', timer: 'stabilise' })
    const before = node.state.pointers
    node.feed({ kind: 'failed', token: node.take('ask-state').token, alive: true })
    expect(node.state.pointers).toEqual(before)
    expect(node.state.operation).toBeUndefined()
    expect(node.state.detector.isSuspect(others[0]!.id)).toBe(false)
  })

  it('ignores an answer that comes after it has given up', () => {
    const node = member()
    node.feed({ kind: 'timer', timer: 'stabilise' })
    const late = node.take('ask-state')
    node.fail(late)
    node.fail(node.take('ask-state'))
    const before = node.state.pointers
    node.reply(late, stateOf(others[0]!))
    expect(node.state.pointers).toEqual(before)
  })

  it('does not take an answer about another member for that of the one it asked', () => {
    const node = member()
    node.feed({ kind: 'timer', timer: 'stabilise' })
    const before = node.state.pointers
    node.reply(node.take('ask-state'), stateOf(others[7]!))
    expect(node.state.pointers.successors).not.toContain(selfId)
    expect(node.state.pointers.successors[0]).toBe(before.successors[1])
  })

  it("asks the successor's predecessor, and leaves the list as it is when that one is dead", () => {
    const node = member()
    const gone = others[0]!
    // The node believes that its successor is others[1]; that one names others[0].
    node.state.pointers = { ...node.state.pointers, successors: others.slice(1, 17).map(({ id }) => id) }
    node.state.detector.failed(gone.id, NOW)
    node.state.detector.failed(gone.id, NOW)
    node.feed({ kind: 'timer', timer: 'stabilise' })
    node.reply(node.take('ask-state'), stateOf(others[1]!))
    expect(node.state.pointers.successors).not.toContain(gone.id)
    expect(node.asked('ask-state')).toEqual(gone)
    node.fail(node.take('ask-state'))
    node.fail(node.take('ask-state'))
    expect(node.state.pointers.successors[0]).toBe(others[1]!.id)
    expect(node.asked('notify')).toEqual(others[1])
  })
})

describe('auditing', () => {
  it('still stabilises while somebody who stands closer by the table does not act as a member', () => {
    const node = member()
    const [closer, first] = others as [MemberEntry, MemberEntry]
    node.state.pointers = { ...node.state.pointers, successors: others.slice(1, 17).map(({ id }) => id) }
    node.state.auditDue = true
    node.feed({ kind: 'timer', timer: 'stabilise' })
    expect(node.asked('ask-state')).toEqual(closer)
    node.reply(node.take('ask-state'), stateOf(closer, { member: false }))
    node.feed({ kind: 'timer', timer: 'stabilise' })
    expect(node.asked('ask-state')).toEqual(first)
  })
})

describe('rectifying', () => {
  const notify = (node: Node, from: MemberEntry) =>
    node.feed({ kind: 'request', from: from.peer, request: { type: 'notify', entry: from } })

  it('keeps the predecessor that answers, and replaces the one that does not', () => {
    const node = member()
    notify(node, others[18]!)
    const check = node.take('ping')
    expect(check.peer).toBe(others[19]!.peer)
    node.reply(check, { type: 'ok' })
    expect(node.state.pointers.predecessor).toBe(others[19]!.id)

    notify(node, others[18]!)
    node.fail(node.take('ping'))
    node.fail(node.take('ping'))
    expect(node.state.pointers.predecessor).toBe(others[18]!.id)
  })

  it('waits for the operation in progress, and keeps the best of the claims', () => {
    const node = member()
    node.state.pointers = { ...node.state.pointers, predecessor: others[10]!.id }
    node.feed({ kind: 'timer', timer: 'stabilise' })
    notify(node, others[15]!)
    notify(node, others[19]!)
    notify(node, others[17]!)
    expect(node.state.pointers.predecessor).toBe(others[10]!.id)
    node.reply(node.take('ask-state'), stateOf(others[0]!))
    expect(node.state.pointers.predecessor).toBe(others[19]!.id)
  })
})

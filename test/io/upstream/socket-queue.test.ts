import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { UpstreamQuery } from '../../../src/base/index.ts'
import { limits } from '../../../src/io/limits.ts'
import { PendingQuery } from '../../../src/io/upstream/pending-query.ts'
import { SocketQueue } from '../../../src/io/upstream/socket-queue.ts'
import { type VirtualClock, virtualClock } from '../../../src/sim/index.ts'

function query(clock: VirtualClock, more: Partial<UpstreamQuery> = {}): PendingQuery {
  const pending = new PendingQuery(clock, {
    server: { address: '127.0.0.1', port: 53 },
    protocol: 'udp',
    message: new Uint8Array(12),
    timeoutMs: 60_000,
    signal: new AbortController().signal,
    classify: () => 'accept',
    ...more,
  })
  pending.reply.catch(() => {})
  return pending
}

/** A system that has `free` sockets and refuses the rest, a turn later, as dgram does. */
function scene(free: number, most = 100) {
  const clock = virtualClock({ settle: setImmediate })
  const sent: PendingQuery[] = []
  const state = { free, refused: 0 }
  const queue = new SocketQueue(
    clock,
    (pending) => {
      if (state.free === 0) {
        state.refused++
        clock.after(0, () => queue.refused(pending))
        return
      }
      state.free--
      sent.push(pending)
      pending.onSettled(() => state.free++)
    },
    most,
  )
  return { clock, queue, sent, state }
}

describe('a system that has no socket to give', () => {
  it('is asked again when one is free, and every query is sent in the order of asking', () => {
    const { clock, queue, sent, state } = scene(20)
    const all = Array.from({ length: 60 }, () => query(clock))
    for (const pending of all) queue.add(pending)
    while (sent.length < 60) {
      const next = sent.find(({ state }) => state === 'pending')
      next?.receive(new Uint8Array(12))
      clock.advance(limits.SOCKET_RETRY_MS)
    }
    expect(sent).toEqual(all)
    // Told once or twice that there are no more, it does not try with each query.
    expect(state.refused).toBeLessThan(50)
    for (const one of all) expect(['pending', 'answered']).toContain(one.state)
  })

  it('makes a query fail as busy when it stays so, never as timed out', async () => {
    const { clock, queue } = scene(0)
    const pending = query(clock, { timeoutMs: 100, waitMs: 1_000 })
    queue.add(pending)
    clock.advance(5_000)
    await expect(pending.reply).rejects.toMatchObject({ code: 'UPSTREAM_BUSY' })
    expect(queue.waiting + queue.open).toBe(0)
  })
})

describe('queries to servers that were silent lately', () => {
  it('leave some sockets to others, and go after them', () => {
    const { clock, queue, sent } = scene(100, 8)
    const patient = Array.from({ length: 10 }, () => query(clock, { patient: true }))
    for (const one of patient) queue.add(one)
    expect(sent).toEqual(patient.slice(0, 6))
    const others = Array.from({ length: 4 }, () => query(clock))
    for (const one of others) queue.add(one)
    expect(sent.slice(6)).toEqual(others.slice(0, 2))
    patient[0]!.receive(new Uint8Array(12))
    expect(sent.slice(8)).toEqual([others[2]])
    for (const one of others) one.receive(new Uint8Array(12))
    expect(sent.slice(9)).toEqual([others[3], patient[6]])
    expect([queue.open, queue.waiting]).toEqual([6, 3])
    queue.close()
    expect([queue.open, queue.waiting]).toEqual([0, 0])
  })

  it('are sent when there are few sockets at all', () => {
    const { clock, queue, sent } = scene(1, 1)
    queue.add(query(clock, { patient: true }))
    expect(sent).toHaveLength(1)
    queue.close()
  })
})

describe('more queries than may wait', () => {
  it('make the one that has waited for longest give way', async () => {
    const { clock, queue } = scene(1, 1)
    queue.add(query(clock))
    const first = query(clock)
    const second = query(clock)
    queue.add(first)
    queue.add(second)
    for (let i = 0; i < limits.MAX_WAITING_QUERIES - 1; i++) queue.add(query(clock))
    await expect(first.reply).rejects.toMatchObject({ code: 'UPSTREAM_BUSY' })
    expect(second.state).toBe('waiting')
    expect(queue.waiting).toBe(limits.MAX_WAITING_QUERIES)
    queue.close()
  })
})

/** What is in no hurry waits for a request that goes to the same peer anyway. */
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { asPeerId, type ChordnsError, type PeerId, type RequestOptions } from '../../src/base/index.ts'
import { inCompany } from '../../src/peer/company.ts'
import { limits } from '../../src/peer/limits.ts'
import { virtualClock } from '../../src/sim/index.ts'

const A = asPeerId('A')
const B = asPeerId('B')
const body = (...values: number[]) => Uint8Array.from(values)
const HURRY: RequestOptions = { timeoutMs: 500 }
const PATIENT: RequestOptions = { timeoutMs: 500, patienceMs: 1_000 }

function setting() {
  const clock = virtualClock({ settle: setImmediate })
  const sent: [PeerId, number, number][] = []
  const company = inCompany(
    {
      async request(peer, bytes) {
        sent.push([peer, bytes[0]!, clock.monotonic()])
        return bytes
      },
    },
    clock,
  )
  const start = clock.monotonic()
  const sentAt = () => sent.map(([peer, first, at]) => [peer, first, at - start])
  return { clock, company, sentAt }
}

describe('a patient request', () => {
  it('leaves behind the next one to the same peer, in the order in which they came', async () => {
    const { clock, company, sentAt } = setting()
    const replies = [company.request(A, body(1), PATIENT), company.request(A, body(2), PATIENT)]
    void company.request(B, body(3), HURRY)
    await clock.advance(300)
    expect(sentAt()).toEqual([[B, 3, 0]])
    void company.request(A, body(4), HURRY)
    expect(sentAt().slice(1)).toEqual([
      [A, 4, 300],
      [A, 1, 300],
      [A, 2, 300],
    ])
    expect(await Promise.all(replies)).toEqual([body(1), body(2)])
    await clock.advance(5_000)
    expect(sentAt()).toHaveLength(4)
  })

  it('leaves alone when its patience ends, and the ones that came meanwhile with it', async () => {
    const { clock, company, sentAt } = setting()
    void company.request(A, body(1), PATIENT)
    await clock.advance(900)
    void company.request(A, body(2), PATIENT)
    await clock.advance(100)
    expect(sentAt()).toEqual([
      [A, 1, 1_000],
      [A, 2, 1_000],
    ])
  })

  it('leaves with one of less patience that came later', async () => {
    const { clock, company, sentAt } = setting()
    void company.request(A, body(1), { timeoutMs: 500, patienceMs: 5_000 })
    await clock.advance(500)
    void company.request(A, body(2), PATIENT)
    await clock.advance(500)
    void company.request(A, body(3), { timeoutMs: 500, patienceMs: 5_000 })
    await clock.advance(500)
    expect(sentAt()).toEqual([
      [A, 1, 1_500],
      [A, 2, 1_500],
      [A, 3, 1_500],
    ])
    await clock.advance(10_000)
    expect(sentAt()).toHaveLength(3)
  })

  it('does not wait when much waits', async () => {
    const { company, sentAt } = setting()
    void company.request(A, new Uint8Array(limits.MAX_WAITING_BYTES).fill(1), PATIENT)
    expect(sentAt()).toEqual([])
    void company.request(A, body(2), PATIENT)
    expect(sentAt().map(([, first]) => first)).toEqual([1, 2])
  })

  it('is not sent when it is given up meanwhile', async () => {
    const { clock, company, sentAt } = setting()
    const stop = new AbortController()
    const given = company.request(A, body(1), { ...PATIENT, signal: stop.signal })
    const kept = company.request(A, body(2), PATIENT)
    stop.abort()
    await expect(given).rejects.toMatchObject({ code: 'ABORTED' } satisfies Partial<ChordnsError>)
    await expect(company.request(A, body(3), { ...PATIENT, signal: stop.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    })
    await clock.advance(1_000)
    expect(await kept).toEqual(body(2))
    expect(sentAt().map(([, first]) => first)).toEqual([2])
  })
})

import { describe, expect, it } from 'vitest'
import { asPeerId } from '../../../src/base/index.ts'
import { limits } from '../../../src/ring/limits.ts'
import { signEntry } from '../../../src/ring/members/member.ts'
import { WaitingRows } from '../../../src/ring/members/waiting.ts'
import { keyOf, scheme } from '../world.ts'

const NOW = 1_700_000_000_000
const [mint, honest] = [asPeerId('mint'), asPeerId('honest')]

function row(name: string, incarnation = NOW) {
  const unsigned = { salt: new Uint8Array(), addresses: [], status: 'alive' as const, incarnation }
  return signEntry('test', scheme.signer(keyOf(name)), unsigned)
}

describe('rows that wait', () => {
  it('are held to a number for each bringer, whose oldest goes first', () => {
    const waiting = new WaitingRows()
    const rows = Array.from({ length: limits.MAX_WAITING_OF_ONE + 1 }, (_, i) => row(`a ${i}`))
    waiting.add(row('other'), honest, NOW)
    for (const one of rows) waiting.add(one, mint, NOW)
    expect(waiting.size).toBe(limits.MAX_WAITING_OF_ONE + 1)
    expect(waiting.get(rows[0]!.id)).toBeUndefined()
    expect(waiting.get(row('other').id)).toBeDefined()
  })

  it('take turns by bringer', () => {
    const waiting = new WaitingRows()
    for (let i = 0; i < 20; i++) waiting.add(row(`a ${i}`), mint, NOW)
    waiting.add(row('other'), honest, NOW)
    expect([waiting.next()?.id, waiting.next()?.id]).toContain(row('other').id)
  })

  it('take the turn of another bringer who brought less', () => {
    const waiting = new WaitingRows()
    for (let i = 0; i < 20; i++) waiting.add(row(`a ${i}`), mint, NOW)
    waiting.add(row('a 19'), honest, NOW)
    expect([waiting.next()?.id, waiting.next()?.id]).toContain(row('a 19').id)
    expect(waiting.size).toBe(20)
  })

  it('are pinged one at a time, and dropped when nobody answers, for ever longer', () => {
    const waiting = new WaitingRows()
    const one = row('silent')
    let now = NOW
    let pauseMs: number = limits.UNREACHED_MS
    for (let i = 0; i < 12; i++) {
      waiting.add(one, mint, now)
      for (let tries = 1; tries <= limits.PROBE_TRIES; tries++) {
        expect(waiting.next()?.id).toBe(one.id)
        expect(waiting.next()).toBeUndefined()
        expect(waiting.silent(one.id, now)).toBe(tries === limits.PROBE_TRIES)
      }
      waiting.add(one, mint, now + pauseMs - 1)
      expect(waiting.size).toBe(0)
      now += pauseMs
      pauseMs = Math.min(limits.UNREACHED_MAX_MS, 2 * pauseMs)
    }
  })

  it('are replaced by the newer row of the same member', () => {
    const waiting = new WaitingRows()
    waiting.add(row('a'), mint, NOW)
    waiting.add(row('a', NOW + 5), mint, NOW)
    expect(waiting.answered(row('a').id)?.entry.incarnation).toBe(NOW + 5)
  })
})

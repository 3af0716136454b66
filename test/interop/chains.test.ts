/** The chains of the chunks in real processes: killed, damaged, and checked. */
import { describe, expect, it } from 'vitest'
import { runChainKills } from './scenes/chains.ts'

describe('the chains of chunks whose replicas are all killed at once', () => {
  it('open again, hold from their starts, are one history, and show no two votes in one place', async () => {
    const lines: string[] = []
    const result = await runChainKills({ kills: 5, seed: 1, say: (line) => lines.push(line) })
    expect(result.faults, lines.join('\n')).toEqual([])
    expect(result.contradictions).toEqual([])
    expect(result.evidence).toBe(0)
    expect(result.kills).toBe(5)
    expect(result.wentOn, lines.join('\n')).toBe(5)
    expect(result.transactions).toBeGreaterThan(20)
  }, 240_000)
})

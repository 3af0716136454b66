/** SIGKILL at random moments under load: nothing that was acknowledged is lost. */
import { describe, expect, it } from 'vitest'
import { runKills } from './scenes/kills.ts'

describe('peers that are killed while they agree', () => {
  it('have all that they acknowledged again after the restart, in files that are whole', async () => {
    const lines: string[] = []
    const result = await runKills({ kills: 5, peers: 4, seed: 1, say: (line) => lines.push(line) })
    expect(result.lost, lines.join('\n')).toEqual([])
    expect(result.damaged).toEqual([])
    expect(result.kills).toBe(5)
    expect(result.acknowledged).toBeGreaterThan(20)
    // From their own disks, not handed over by the others.
    expect(result.restored).toBeGreaterThan(result.acknowledged / 2)
    expect(result.failed, lines.join('\n')).toBe(0)
  })
})

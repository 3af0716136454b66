import { describe, expect, it } from 'vitest'
import { Decade } from '../../bench/models/decade.ts'
import { Agenda } from '../../bench/models/decade-time.ts'

const small = { names: 150, accounts: 20, squatters: 0.1, years: 2, budget: 500, policy: {}, seed: 3 }

describe('years of a TLD', () => {
  it('conserves value and gives each name one owner, or ends', () => {
    const report = new Decade(small).run(() => {})
    expect(report.checks.balances).toBeGreaterThan(20)
    expect(report.checks.owners).toBe(300)
    expect(report.years.at(-1)!.registered).toBeGreaterThan(50)
    expect(report.release.takenByPeople + report.release.takenBySquatters).toBeLessThanOrEqual(report.release.freed)
  })

  it('comes to the same from the same seed', () => {
    expect(new Decade(small).run(() => {})).toEqual(new Decade(small).run(() => {}))
  })
})

describe('an agenda', () => {
  it('gives what is planned in the order of time, and of planning', () => {
    const agenda = new Agenda()
    const done: string[] = []
    for (const [minute, word] of [
      [5, 'c'],
      [1, 'a'],
      [5, 'd'],
      [3, 'b'],
      [9, 'e'],
    ] as const)
      agenda.at(minute, () => done.push(word))
    while (agenda.next !== undefined) agenda.take().act()
    expect(done.join('')).toBe('abcde')
  })
})

import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/io/index.ts'
import { rateMemory } from '../../../src/serve/access/rate.ts'
import { loadLibc } from '../../../src/serve/fast/system/libc.ts'
import { AnswerTable } from '../../../src/serve/fast/table/table.ts'
import { Crew } from '../../../src/serve/fast/threads/crew.ts'
import { serveLimits } from '../../../src/serve/index.ts'
import { quietLog, until } from '../support.ts'

const { libc } = loadLibc()

describe.runIf(libc !== undefined)('workers', () => {
  const deps = () => ({
    libc: libc!,
    table: new AnswerTable({ bytes: 2 ** 20, seed: new Uint8Array(8) }).shared,
    rate: rateMemory(1),
    cookieSecret: undefined,
    workers: 1,
    clock: systemClock(),
    log: quietLog(),
    limits: serveLimits,
  })

  it('that die are replaced, and the log says so', async () => {
    const log = quietLog()
    // Nothing that a worker could begin with.
    const crew = new Crew({ ...deps(), log, table: {} as never }, { onPacket() {} })
    crew.start()
    await until(() => crew.restarts >= 2)
    expect(log.errors.length).toBeGreaterThanOrEqual(2)
    await crew.close()
    const { restarts } = crew
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(crew.restarts).toBe(restarts)
  })

  it('end when they are told to, before they have begun, too', async () => {
    const log = quietLog()
    const crew = new Crew({ ...deps(), log }, { onPacket() {} })
    crew.start()
    await crew.close()
    expect(crew.restarts).toBe(0)
    expect(log.errors).toEqual([])
  })
})

/** One stream of questions dealt to the boxes of a household costs little more than with one resolver that gets it all. */
import { describe, expect, it } from 'vitest'
import { quantile, seeded } from '../../bench/lib/stats.ts'
import { delayedWorld } from '../../bench/worlds/delayed.ts'
import { encodeMessage } from '../../src/dns/index.ts'
import { makeStack, newClock, type Stack } from '../attacks/stack.ts'
import { type AskQuestion, createWorld, queryFor, type World } from '../world/index.ts'
import { makeBoxes } from './boxes.ts'

const QUESTIONS = 600
const SEED = 7

interface Played {
  readonly upstream: number
  readonly mean: number
  readonly p50: number
  readonly messages: number
}

/** By popularity, at random moments: names of rank r are asked in proportion to 1/r. */
function streamOf(questions: readonly AskQuestion[], perSecond: number) {
  const chance = seeded(SEED)
  const weights = questions.map((_, rank) => 1 / (rank + 1))
  const total = weights.reduce((sum, one) => sum + one, 0)
  let at = 0
  return Array.from({ length: QUESTIONS }, () => {
    at += (-Math.log(1 - chance()) * 1_000) / perSecond
    let left = chance() * total
    const found = questions.find((_, rank) => {
      left -= weights[rank]!
      return left <= 0
    })
    return { question: found ?? questions[0]!, at }
  })
}

async function play(count: number, perSecond: number): Promise<Played> {
  const plan = delayedWorld({ names: 300, seed: SEED, minDelayMs: 10, maxDelayMs: 60, dead: 0, port: 53 })
  const clock = newClock()
  const world: World = await createWorld(plan.spec, { sockets: false, clock })
  const boxes = makeBoxes(count, { clock })
  const stacks: Stack[] = boxes.all.map(({ watched }, i) =>
    makeStack({ world, clock, seed: i + 1, cache: watched, config: { 'iterator.port': world.port } }),
  )
  for (const stack of stacks) await stack.ask('.', 'NS')
  world.clearLog()
  const latencies: number[] = []
  const start = clock.monotonic()
  const asking = streamOf(plan.questions, perSecond).map(async ({ question, at }, i) => {
    await new Promise((resolve) => void clock.after(start + at - clock.monotonic(), () => resolve(undefined)))
    const asked = clock.monotonic()
    await new Promise<void>((answered) => {
      stacks[i % count]!.take(encodeMessage(queryFor(question)), () => answered())
    })
    latencies.push(clock.monotonic() - asked)
  })
  await clock.run(Promise.all(asking))
  return {
    upstream: world.count(),
    mean: latencies.reduce((sum, one) => sum + one, 0) / latencies.length,
    p50: quantile(latencies, 0.5),
    messages: boxes.sent.length,
  }
}

describe('one stream of questions, dealt to three boxes in turn', () => {
  it.each([
    // A device that is looked at, and a busy household: then more is asked again before it is told.
    [1, 1.05, 1.05],
    [10, 1.1, 1.2],
  ])(
    'at %d a second asks at most %d times what one resolver does, and takes %d times as long',
    async (perSecond, queries, time) => {
      const [home, one] = [await play(3, perSecond), await play(1, perSecond)]
      expect(home.upstream / one.upstream).toBeLessThanOrEqual(queries)
      expect(home.p50).toBeLessThanOrEqual(1.15 * one.p50)
      expect(home.mean / one.mean).toBeLessThanOrEqual(time)
      expect(home.messages / QUESTIONS).toBeLessThan(3)
    },
    120_000,
  )
})

/** What fuzzing has found, each as a test of its own. */
import { describe, expect, it } from 'vitest'
import { makeStack, newClock, START_MS } from '../attacks/stack.ts'
import { createWorld, signWorld, simpleSpec } from '../world/index.ts'

describe('found by fuzzing', () => {
  it('questions that meet in one cold signed zone do not make it bogus for each other', async () => {
    const now = START_MS / 1000
    const valid = { inception: now - 3_600, expiration: now + 86_400 }
    const { spec, anchorText } = signWorld(simpleSpec({ 'ctl.': '* A 192.0.2.7' }), { '.': valid, 'ctl.': valid })
    const clock = newClock()
    const world = await createWorld(spec, { sockets: false, clock })
    world.server('ns1.ctl').behave({ delayMs: ({ type }) => (type === 'DNSKEY' ? 20 : 5) })
    const stack = makeStack({ world, clock, anchor: anchorText })
    const together = await Promise.all(['a', 'b', 'c'].map((label) => stack.ask(`${label}.ctl.`, 'A', { ad: true })))
    const later = await stack.ask('d.ctl.', 'A', { ad: true })
    expect([...together, later].map(({ rcode, ad }) => ({ rcode, ad }))).toEqual(
      Array.from({ length: 4 }, () => ({ rcode: 0, ad: true })),
    )
  })
})

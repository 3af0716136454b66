/** A zone is known, and none above it: its referral has expired, was lost, or another node told it. */
import { describe, expect, it } from 'vitest'
import { parseName } from '../../../src/dns/index.ts'
import { type ScenarioZone, scenario } from '../../world/scenario.ts'

const ZONES: Record<string, ScenarioZone> = {
  'com.': { signed: true },
  'signed.com.': { signed: true, text: 'www A 192.0.2.1' },
  'plain.com.': { text: 'www A 192.0.2.11' },
  'deep.signed.com.': { signed: true, text: 'www A 192.0.2.21' },
}

/** A resolver that knows only that zone, and of it only where its servers are. */
async function knowing(zone: string) {
  const s = await scenario({ zones: ZONES })
  const host = `ns1.${zone}`
  const server = parseName(host)
  const addresses = new Map([[server.key, s.world.servers.get(host)!.addresses]])
  const delegation = { zone: parseName(zone), nameServers: [server], addresses, ds: undefined, proofs: [], ttl: 3_600 }
  s.stack.cache.putDelegation('main', delegation, s.clock.now())
  return s
}

describe('the chain of trust of a zone whose parent is not known yet', () => {
  it.each([
    ['signed.com', 'NOERROR AD: A 192.0.2.1'],
    ['plain.com', 'NOERROR: A 192.0.2.11'],
    ['deep.signed.com', 'NOERROR AD: A 192.0.2.21'],
  ])('of %s goes by way of the zones between, though its parent has one server only', async (zone, answer) => {
    const s = await knowing(zone)
    expect(await s.ask(`www.${zone}`)).toBe(answer)
    expect(s.asked().filter((query) => query === `ns1.com ${zone}. DS`).length).toBeLessThanOrEqual(1)
  })
})

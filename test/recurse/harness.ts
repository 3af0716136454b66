import { Budget, type BudgetLimits, type Log } from '../../src/base/index.ts'
import { type Cache, createCache } from '../../src/cache/index.ts'
import { addressText, cnameTarget, nameToText, parseName, type Question, typeFromText } from '../../src/dns/index.ts'
import type { Finding } from '../../src/evidence/index.ts'
import {
  createRecursor,
  type DelegationSource,
  type IterationStep,
  type RecurseRequest,
  type Recursor,
  type RecursorOptions,
} from '../../src/recurse/index.ts'
import type { VirtualClock } from '../../src/sim/index.ts'
import { seededRandom } from '../../src/sim/index.ts'
import { testClock } from '../setup/clock.ts'
import { FakeInternet, zone } from './fake-internet.ts'

export const ROOT_ADDRESS = '198.41.0.4'

const SILENT_LOG: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

export interface World {
  readonly clock: VirtualClock
  readonly net: FakeInternet
  readonly cache: Cache
  readonly recursor: Recursor
  readonly steps: IterationStep[]
  ask(name: string, type?: string, change?: Partial<RecurseRequest>): Promise<Finding>
  budget(change?: Partial<BudgetLimits>): Budget
}

export function makeWorld(
  change: Partial<RecursorOptions> = {},
  seed = 1,
  delegations: DelegationSource | undefined = undefined,
): World {
  const clock = testClock()
  const net = new FakeInternet(clock)
  const cache = createCache({
    maxBytes: 1_048_576,
    minTtl: 0,
    maxTtl: 86_400,
    negativeMaxTtl: 3_600,
    staleSeconds: 3_600,
    seed: new Uint8Array(8),
  })
  const options: RecursorOptions = {
    rootHints: [{ name: parseName('a.root-servers.net.'), addresses: [ROOT_ADDRESS] }],
    port: 53,
    ipv4: true,
    ipv6: 'auto',
    queryLoopback: false,
    qnameMinimisation: 'relaxed',
    caseRandomisation: true,
    stubs: [],
    forwards: [],
    ...change,
  }
  const random = seededRandom(seed)
  const recursor = createRecursor({ exchange: net, cache, clock, random, log: SILENT_LOG, options, delegations })
  const steps: IterationStep[] = []
  const budget = (limits: Partial<BudgetLimits> = {}) =>
    new Budget({ queries: 200, bytes: 100_000, timeMs: 10_000, signatures: 0, hashes: 0, ...limits }, () =>
      clock.monotonic(),
    )
  const ask = (name: string, type = 'A', request: Partial<RecurseRequest> = {}) =>
    clock.run(
      recursor.resolve({
        question: question(name, type),
        budget: budget(),
        signal: new AbortController().signal,
        origin: 'any',
        checkingDisabled: false,
        onStep: (step) => steps.push(step),
        ...request,
      }),
    )
  return { clock, net, cache, recursor, steps, ask, budget }
}

/** Root, `test.` and `example.test.`, each on its own server. */
export function threeLevels(world: World): void {
  world.net.serve(ROOT_ADDRESS, [rootZone('test. NS ns.test.\nns.test. A 192.0.2.1')])
  world.net.serve('192.0.2.1', [
    zone(
      'test.',
      `@ SOA ns.test. h. 1 2 3 4 60\n@ NS ns.test.\nns A 192.0.2.1\nexample NS ns.example\nns.example A 192.0.2.2`,
    ),
  ])
  world.net.serve('192.0.2.2', [
    zone(
      'example.test.',
      `@ SOA ns h. 1 2 3 4 60\n@ NS ns\nns A 192.0.2.2\nwww A 203.0.113.80\nalias CNAME www\nout CNAME www.other.test.\na.b.c.d A 203.0.113.4`,
    ),
  ])
}

export function rootZone(text: string): ReturnType<typeof zone> {
  return zone(
    '.',
    `. SOA a.root-servers.net. nstld. 1 2 3 4 86400\n. NS a.root-servers.net.\na.root-servers.net. A ${ROOT_ADDRESS}\n${text}`,
  )
}

export function question(name: string, type = 'A'): Question {
  return { name: parseName(name), type: typeFromText(type)!, class: 1 }
}

/** `A 192.0.2.1`, `CNAME www.`, `NODATA example.` , `NXDOMAIN example.`: with what shows it, the apex. */
export function shown(finding: Finding): string {
  const { outcome } = finding
  if (outcome.kind === 'absent') return `${outcome.rcode === 3 ? 'NXDOMAIN' : 'NODATA'} ${nameToText(outcome.apex)}`
  const { rrset } = outcome
  if (rrset.type === 1 || rrset.type === 28)
    return rrset.rdatas
      .map((rdata) => addressText(rdata))
      .sort()
      .join(' ')
  if (rrset.type === 5) return `CNAME ${nameToText(cnameTarget(rrset.rdatas[0]!))}`
  return `TYPE${rrset.type} x${rrset.rdatas.length}`
}

/** The error a promise rejects with; fails the test when it does not. */
export async function failureOf(work: Promise<unknown>): Promise<Error & { code?: string; detail?: unknown }> {
  try {
    await work
  } catch (error) {
    return error as Error & { code?: string; detail?: unknown }
  }
  throw new Error('it did not fail')
}

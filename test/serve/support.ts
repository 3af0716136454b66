/** What the tests of this room share: a resolver that says what it is told, a clock that is moved by hand, a quiet log. */
import type { Log } from '../../src/base/index.ts'
import { Class, parseName, Rcode, type ResourceRecord, Type } from '../../src/dns/index.ts'
import type { Resolution, ResolveRequest, Resolver } from '../../src/resolver/index.ts'
import {
  createFrontEnd,
  type FrontEnd,
  type FrontEndDeps,
  type FrontEndHooks,
  type ServeOptions,
} from '../../src/serve/index.ts'
import type { VirtualClock } from '../../src/sim/index.ts'
import { testClock } from '../setup/clock.ts'

export const address = (name: string, last = 1, ttl = 300): ResourceRecord => ({
  name: parseName(name),
  type: Type.A,
  class: Class.IN,
  ttl,
  rdata: Uint8Array.of(192, 0, 2, last),
})

export function text(name: string, bytes: number): ResourceRecord {
  const strings = Array.from({ length: Math.ceil(bytes / 200) }, () => [200, ...new Array<number>(200).fill(97)]).flat()
  return { name: parseName(name), type: Type.TXT, class: Class.IN, ttl: 300, rdata: Uint8Array.from(strings) }
}

export function resolution(change: Partial<Resolution> = {}): Resolution {
  return {
    rcode: Rcode.NOERROR,
    answers: [],
    authorities: [],
    security: 'indeterminate',
    provenance: 'solo',
    ede: [],
    findings: [],
    authoritative: false,
    ...change,
  }
}

/** Answers every question with one address, unless `answer` says otherwise; keeps what it was asked. */
export class FakeResolver implements Resolver {
  readonly asked: ResolveRequest[] = []
  answer: (request: ResolveRequest) => Promise<Resolution> | Resolution = ({ question }) =>
    resolution({ answers: [{ ...address('x'), name: question.name }] })

  async resolve(request: ResolveRequest): Promise<Resolution> {
    this.asked.push(request)
    return this.answer(request)
  }
}

/** Resolves when told to, rejects when aborted: a question that takes its time. */
export function held() {
  const waiting: { readonly request: ResolveRequest; readonly release: (value?: Resolution) => void }[] = []
  const answer = (request: ResolveRequest) =>
    new Promise<Resolution>((resolve, reject) => {
      const own = resolution({ answers: [{ ...address('x'), name: request.question.name }] })
      waiting.push({ request, release: (value = own) => resolve(value) })
      request.signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
    })
  return { waiting, answer }
}

export function quietLog(): Log & { readonly errors: object[] } {
  const errors: object[] = []
  return { errors, debug() {}, info() {}, warn() {}, error: (detail) => void errors.push(detail) }
}

export const OPTIONS: ServeOptions = {
  listen: { udp: ['127.0.0.1:0'], tcp: ['127.0.0.1:0'] },
  access: { allow: ['127.0.0.0/8', '::1/128'] },
  explain: false,
  minimalResponses: true,
}

export interface Started {
  readonly frontEnd: FrontEnd
  readonly resolver: FakeResolver
  readonly clock: VirtualClock
  readonly log: ReturnType<typeof quietLog>
  readonly udp: { readonly address: string; readonly port: number; readonly protocol: 'udp' }
  readonly tcp: { readonly address: string; readonly port: number; readonly protocol: 'tcp' }
}

export async function start(deps: Partial<FrontEndDeps> = {}, hooks: FrontEndHooks = {}): Promise<Started> {
  const resolver = new FakeResolver()
  const clock = testClock()
  const log = quietLog()
  const frontEnd = await createFrontEnd({ resolver, options: OPTIONS, clock, log, ...fastPath(), ...deps }, hooks)
  const { address: host, port } = frontEnd.addresses[0]!
  return {
    frontEnd,
    resolver,
    clock,
    log,
    udp: { address: host, port, protocol: 'udp' },
    tcp: { address: host, port, protocol: 'tcp' },
  }
}

/** With CHORDNS_TEST_FAST=1 the same tests run over the fast path: `CHORDNS_TEST_FAST=1 npx vitest run test/serve`. */
export function fastPath(): Pick<FrontEndDeps, 'fast' | 'seed'> {
  if (process.env['CHORDNS_TEST_FAST'] !== '1') return {}
  return { fast: { fast: true, workers: 1, tableBytes: 2 ** 20 }, seed: new Uint8Array(8).fill(9) }
}

export { until } from '../setup/until.ts'

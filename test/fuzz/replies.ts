/**
 * Mutated replies of authorities through the whole resolver, validation included, in virtual time. The servers of `fuzz.`
 * and `sec.` send what the mutator makes of the truth; those of the root, of `ctl.` and of `open.` are honest, and must be
 * heard: control questions are asked throughout. `ctl.` is signed: its answers must be true and secure. `open.` is not, and
 * the mutator speaks of it: its answers must be true because nobody else was believed.
 */
import type { Exchange, UpstreamQuery } from '../../src/base/index.ts'
import { decodeMessage, Ede, encodeMessage, type Message, readEde, TcpMessageReader } from '../../src/dns/index.ts'
import { makeStack, newClock, START_MS, type Stack } from '../attacks/stack.ts'
import { createWorld, queryFor, signWorld, simpleSpec, texts, type WorldSpec } from '../world/index.ts'
import { type Below, mutateReply, mutateStream, seededBelow } from './mutate.ts'
import { cpuMs, type EpochReport, type Finding, type Fuzzer } from './types.ts'

/** Questions open at once, and those between two controls. */
const OPEN = 8
const CONTROL_EVERY = 10
/** The slowest honest question ends within its budget of 10 s; the door gives up at 12. */
const HANG_MS = 13_000
/** One question's work may hold the process this long, ms: far above what any does, far below a bomb. */
const STALL_MS = 3_000
/** As in the exchange of sockets. */
const MAX_IGNORED = 64

const DATA = [
  '@ A 192.0.2.10\n@ MX 10 mail\n@ TXT "text" "more"\nmail A 192.0.2.25\nwww A 192.0.2.80\nwww AAAA 2001:db8::80',
  '@ HTTPS 1 . alpn=h2\n@ CAA 0 issue "ca.example"\n_sip._tcp SRV 1 2 5060 mail\nodd TYPE65280 \\# 4 01020304',
  'nap NAPTR 10 20 "S" "SIP+D2U" "" _sip._udp\nalias CNAME www\nout CNAME www.y.sec.\nloop CNAME pool\npool CNAME loop',
  'far CNAME c1.ctl.\nnear CNAME c1.open.\ntree DNAME www.y.sec.\n*.wild A 192.0.2.99\n*.wild TXT "wild"\na.b.c.d A 192.0.2.4',
  `big TXT ${Array.from({ length: 10 }, () => `"${'x'.repeat(200)}"`).join(' ')}`,
].join('\n')
const ZONES = {
  'ctl.': '* A 192.0.2.7',
  'open.': '@ A 192.0.2.7\n* A 192.0.2.7',
  'fuzz.': DATA,
  'x.fuzz.': DATA,
  'sec.': DATA,
  'y.sec.': DATA,
}
const NAMES = [
  '',
  'www.',
  'mail.',
  'odd.',
  'nap.',
  'alias.',
  'out.',
  'loop.',
  'far.',
  'near.',
  'q.tree.',
  'big.',
  'a.b.c.d.',
  'b.c.d.',
  '_sip._tcp.',
]
const TYPES = [
  'A',
  'AAAA',
  'MX',
  'TXT',
  'NS',
  'SOA',
  'DS',
  'DNSKEY',
  'HTTPS',
  'SRV',
  'NAPTR',
  'CAA',
  'ANY',
  'TYPE65280',
  'CNAME',
]
const APEXES = ['fuzz.', 'x.fuzz.', 'sec.', 'y.sec.']

export function replyFuzzer(): Fuzzer {
  const { spec, anchor } = fuzzWorld()
  return {
    epochSize: 2_000,
    run: (seed, epoch, count) => runEpoch(spec, anchor, seed, epoch, count),
    close: async () => {},
  }
}

function fuzzWorld(): { spec: WorldSpec; anchor: string } {
  const seconds = START_MS / 1000
  const valid = { inception: seconds - 3_600, expiration: seconds + 30 * 86_400 }
  const signed = { '.': valid, 'ctl.': valid, 'sec.': { ...valid, nsec3: {} }, 'y.sec.': valid }
  const { spec, anchorText } = signWorld(simpleSpec(ZONES), signed)
  return { spec, anchor: anchorText }
}

async function runEpoch(
  spec: WorldSpec,
  anchor: string,
  seed: number,
  epoch: number,
  count: number,
): Promise<EpochReport> {
  const below = seededBelow(Math.imul(seed, 1_000_003) + epoch)
  const clock = newClock()
  const world = await createWorld(spec, { sockets: false, clock })
  const honest = new Set(['a.root', 'ns1.ctl', 'ns1.open'].flatMap((name) => world.server(name).addresses))
  const hostile = mutating(below, (address) => !honest.has(address))
  const stack = makeStack({
    world,
    clock,
    anchor,
    seed: below(2 ** 31),
    config: { 'cache.maxBytes': '1MiB' },
    exchange: hostile.around,
  })
  const findings: Finding[] = []
  const found = (what: string, detail: string) => void findings.push({ kind: 'replies', seed, epoch, what, detail })
  let questions = 0
  let controls = 0
  let worstMs = 0
  while (hostile.counts.mutations < count && findings.length === 0) {
    const before = cpuMs()
    await clock.run(Promise.all(Array.from({ length: OPEN }, () => oneQuestion(stack, below, found))))
    questions += OPEN
    worstMs = Math.max(worstMs, cpuMs() - before)
    if (worstMs > STALL_MS) found('stall', `${OPEN} questions took ${Math.round(worstMs)} ms`)
    if (questions % (OPEN * CONTROL_EVERY) === 0) {
      controls++
      await control(stack, controls, found)
    }
    // Cached answers would be served again; time makes them expire.
    if (below(4) === 0) await clock.advanceAsync(below(400_000))
  }
  await control(stack, ++controls, found)
  await atRest(stack, found)
  return { ...hostile.counts, questions, controls, findings, worstMs }
}

function oneQuestion(stack: Stack, below: Below, found: (what: string, detail: string) => void): Promise<void> {
  const fresh = below(2) === 0
  const apex = APEXES[below(APEXES.length)]!
  const name = fresh
    ? `r${below(1_000_000)}.${below(2) === 0 ? 'wild.' : ''}${apex}`
    : `${NAMES[below(NAMES.length)]}${apex}`
  const type = TYPES[below(TYPES.length)]!
  const flags = { do: below(2) === 0, cd: below(4) === 0, ad: below(2) === 0 }
  const { clock } = stack
  const started = clock.monotonic()
  return new Promise((resolve) => {
    const inWork = stack.take(
      encodeMessage(queryFor({ name, type }, flags)),
      (bytes) => {
        const tookMs = clock.monotonic() - started
        if (tookMs > HANG_MS) found('hang', `${name} ${type}: ${tookMs} ms`)
        const text = fault(bytes)
        if (text !== undefined) found('bad answer', `${name} ${type}: ${text}`)
      },
      { protocol: below(2) === 0 ? 'udp' : 'tcp', settled: () => resolve() },
    )
    if (!inWork) resolve()
  })
}

/** What is wrong with an answer, whatever it says. */
function fault(bytes: Uint8Array): string | undefined {
  try {
    const message = decodeMessage(bytes)
    const internal = message.edns?.options.find(({ data }) => new TextDecoder().decode(data).includes('internal'))
    return internal === undefined ? undefined : 'internal error'
  } catch (error) {
    return String(error)
  }
}

async function control(stack: Stack, number: number, found: (what: string, detail: string) => void): Promise<void> {
  const expected = {
    [`c${number}.ctl.`]: '0 ad=true A 192.0.2.7',
    'open.': '0 ad=false A 192.0.2.7',
    'c1.open.': '0 ad=false A 192.0.2.7',
    [`c${number}.open.`]: '0 ad=false A 192.0.2.7',
  }
  for (const [name, answer] of Object.entries(expected)) {
    try {
      const reply = await stack.ask(name, 'A', { ad: true })
      const shown = `${reply.rcode} ad=${reply.ad} ${texts(reply.answers).join(', ')}${why(reply)}`
      if (shown !== answer) found('control question', `${name} ${shown}`)
    } catch (error) {
      found('control question', `${name} ${String(error)}`)
    }
  }
}

/** The extended errors of an answer; that one was made of the zone's wildcard is none. */
function why(reply: Message): string {
  const errors = readEde(reply.edns?.options ?? []).filter(({ code }) => code !== Ede.SYNTHESIZED)
  return errors.length === 0 ? '' : ` (${errors.map(({ code, text }) => `${code} ${text ?? ''}`).join('; ')})`
}

/** When all is answered, nothing may be left that was in work. */
async function atRest(stack: Stack, found: (what: string, detail: string) => void): Promise<void> {
  await stack.clock.advanceAsync(60_000)
  for (const text of stack.faults) found('fault', text)
  const left = {
    desk: stack.desk.stats().inFlight,
    recursor: stack.recursor.stats().inFlight,
    timers: stack.clock.pending,
  }
  if (left.desk + left.recursor + left.timers > 0) found('left in work', JSON.stringify(left))
  const { bytes, maxBytes } = stack.cache.stats()
  if (bytes > maxBytes) found('cache', `${bytes} of ${maxBytes} bytes`)
}

/** Puts the mutator between servers and resolver: datagrams one by one, TCP as a stream in pieces. */
function mutating(below: Below, isHostile: (address: string) => boolean) {
  const counts = { mutations: 0, taken: 0 }
  const around = (inner: Exchange): Exchange => ({
    families: () => inner.families(),
    async exchange(query: UpstreamQuery) {
      if (!isHostile(query.server.address) || below(5) === 0) return inner.exchange(query)
      let accepted: Uint8Array | undefined
      let ignored = 0
      const take = (message: Uint8Array) => {
        const verdict = ignored >= MAX_IGNORED ? 'ignore' : query.classify(message)
        if (verdict === 'accept') {
          accepted = message
          counts.taken++
        }
        if (verdict === 'ignore') ignored++
        return verdict
      }
      const reply = await inner.exchange({
        ...query,
        classify: (truth) => {
          counts.mutations++
          for (const message of arriving(truth, query.protocol, below)) {
            const verdict = take(message)
            if (verdict !== 'ignore') return verdict
          }
          return 'ignore'
        },
      })
      return accepted ?? reply
    },
  })
  return { around, counts }
}

function* arriving(truth: Uint8Array, protocol: 'udp' | 'tcp', below: Below): Generator<Uint8Array> {
  if (protocol === 'udp') {
    yield* mutateReply(truth, below)
    return
  }
  const frames = new TcpMessageReader()
  for (const piece of mutateStream(truth, below)) yield* frames.feed(Buffer.from(piece))
}

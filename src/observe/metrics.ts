/**
 * Metrics for Prometheus, on the status address. Counters are those that the status API shows, read when somebody scrapes: nothing is counted twice,
 * nothing is reset, and a scrape costs the node one picture of itself. Names of domains and clients are never labels.
 */
import type { Metric, MetricValue, Registry } from 'prom-client'
import { limits } from './limits.ts'
import type { StatusView } from './views.ts'

/** What is known of an answer that went out. */
export interface AnswerFacts {
  /** Undefined: nothing was sent. */
  readonly rcode: string | undefined
  readonly security: string | undefined
  readonly provenance: string | undefined
  readonly protocol: string
  readonly elapsedMs: number
  /** Extended errors (RFC 8914) of the answer. */
  readonly ede: readonly { readonly code: number; readonly text?: string | undefined }[]
  /** The list that blocks the name. */
  readonly blockedBy?: string | undefined
}

export interface Metrics {
  /** One question is over. */
  readonly heard: (answer: AnswerFacts) => void
  readonly contentType: string
  /** The text format of Prometheus. The first one loads what writes it: most nodes are never scraped. */
  readonly text: () => Promise<string>
}

/** Of the text format: `Registry.PROMETHEUS_CONTENT_TYPE`. */
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
const DURATION = 'chordns_answer_duration_seconds'
/** Upper bounds of the histogram of answers, seconds: from the cache, over a LAN, over the Internet, at the end of patience. */
const BUCKETS = [0.000_05, 0.000_2, 0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5]

/** What goes up and down; all other numbers of the status API only grow. */
const LEVELS: ReadonlySet<string> = new Set(
  [
    'serve: inFlight tcpConnections fastWorkers fastTableEntries fastTableBytes',
    'cache: entries bytes maxBytes delegations failures onDisk',
    'upstream: inFlight',
    'chunks: digests digestBytes entries archived waiting owed popular copies skewMs repairBytesPerSecond',
    'chains: known open atWork waiting bytes',
    'household: members',
    'settings: entries removed',
    'dnstap: connected waitingBytes',
  ].flatMap((line) => {
    const [section, names = ''] = line.split(': ')
    return names.split(' ').map((name) => `${section}.${name}`)
  }),
)

export function createMetrics(snapshot: () => StatusView): Metrics {
  const answers = new Map<string, number>()
  const blocked = new Map<string, number>()
  const durations = { counts: Array<number>(BUCKETS.length + 1).fill(0), sum: 0 }
  let scraping: Promise<Scraping> | undefined
  const begin = async (): Promise<Scraping> => {
    const { Registry: Made } = await import('prom-client')
    const registry = new Made()
    own(registry, 'chordns_answers_total', 'Questions that the main thread answered, by outcome.', 'counter', () =>
      [...answers].map(([key, value]) => {
        const [transport = '', rcode = '', security = '', provenance = ''] = key.split(' ')
        return { labels: { transport, rcode, security, provenance }, value }
      }),
    )
    own(registry, 'chordns_blocked_total', 'Of these, what a list blocks, by list.', 'counter', () =>
      [...blocked].map(([list, value]) => ({ labels: { list }, value })),
    )
    own(registry, DURATION, 'From the question to its answer, main thread.', 'histogram', () => histogram(durations))
    return { registry, picture: new Picture(registry, snapshot) }
  }
  return {
    heard: ({ rcode = 'none', security = 'none', provenance = 'none', protocol, elapsedMs, blockedBy }) => {
      const key = `${protocol} ${rcode} ${security} ${provenance}`
      // Each of them is a word from a short list, or an RCODE of four bits.
      countIn(answers, key)
      // Lists have the names that the operator gave them; other ones may come with a reload.
      if (blockedBy !== undefined) countIn(blocked, blockedBy)
      const seconds = elapsedMs / 1_000
      const at = BUCKETS.findIndex((bound) => seconds <= bound)
      durations.counts[at === -1 ? BUCKETS.length : at]!++
      durations.sum += seconds
    },
    contentType: CONTENT_TYPE,
    text: async () => {
      scraping ??= begin()
      const { registry, picture } = await scraping
      picture.take()
      return registry.metrics()
    },
  }
}

function countIn(counts: Map<string, number>, key: string): void {
  const known = counts.get(key)
  if (known !== undefined || counts.size < limits.MAX_ANSWER_LABELS) counts.set(key, (known ?? 0) + 1)
}

interface Scraping {
  readonly registry: Registry
  readonly picture: Picture
}

type Value = Pick<MetricValue<string>, 'labels' | 'value'> & { readonly metricName?: string }
type Kind = 'counter' | 'gauge' | 'histogram'

/** A metric whose values stand elsewhere, and are read when it is scraped. */
function own(registry: Registry, name: string, help: string, kind: Kind, values: () => Value[]): void {
  const metric = {
    name,
    get: async () => ({ name, help, type: kind, values: values(), aggregator: 'sum' }),
    reset: () => {},
  }
  // All that a registry needs of a metric is its name and these two; the types ask for one of its own classes.
  registry.registerMetric(metric as unknown as Metric)
}

function histogram({ counts, sum }: { readonly counts: readonly number[]; readonly sum: number }): Value[] {
  let below = 0
  const buckets = counts.map((count, at) => {
    below += count
    return { labels: { le: BUCKETS[at] ?? '+Inf' }, value: below, metricName: `${DURATION}_bucket` }
  })
  return [
    ...buckets,
    { labels: {}, value: sum, metricName: `${DURATION}_sum` },
    { labels: {}, value: below, metricName: `${DURATION}_count` },
  ]
}

const SECTIONS = [
  'serve',
  'cache',
  'upstream',
  'chunks',
  'chains',
  'household',
  'settings',
  'carrier',
  'traffic',
  'dnstap',
] as const

/** All plain numbers of the status API. Which there are depends on what the node does: they are registered when they are seen first. */
class Picture {
  readonly #registry: Registry
  readonly #snapshot: () => StatusView
  readonly #seen = new Set<string>()
  #view: StatusView

  constructor(registry: Registry, snapshot: () => StatusView) {
    this.#registry = registry
    this.#snapshot = snapshot
    this.#view = snapshot()
    this.#level('chordns_uptime_seconds', 'Since the start of the node.', ({ uptimeSeconds }) => uptimeSeconds)
    this.#level('process_resident_memory_bytes', 'Memory in use.', ({ memory }) => memory.rssBytes)
    const members = 'Members of the ring, as this node knows them; 0 without a ring.'
    this.#level('chordns_ring_members', members, ({ ring }) => ring?.members.length ?? 0)
    own(registry, 'chordns_build_info', 'Always 1; the version is its label.', 'gauge', () => [
      { labels: { version: this.#view.version }, value: 1 },
    ])
  }

  /** One for each scrape. */
  take(): void {
    this.#view = this.#snapshot()
    for (const section of SECTIONS)
      for (const key of Object.keys(this.#view[section] ?? {})) this.#register(section, key)
  }

  #register(section: (typeof SECTIONS)[number], key: string): void {
    const isLevel = LEVELS.has(`${section}.${key}`)
    const name = metricName(section, key, isLevel)
    if (this.#seen.has(name) || this.#seen.size >= limits.MAX_METRICS) return
    this.#seen.add(name)
    const kind = isLevel ? 'gauge' : 'counter'
    own(this.#registry, name, `${key} of ${section} in \`chordns status\`.`, kind, () => {
      const value = this.#view[section]?.[key]
      return value === undefined ? [] : [{ labels: {}, value }]
    })
  }

  #level(name: string, help: string, value: (view: StatusView) => number): void {
    own(this.#registry, name, help, 'gauge', () => [{ labels: {}, value: value(this.#view) }])
  }
}

/** `serve`, `fastTableEntries` -> `chordns_serve_fast_table_entries`; what only grows ends in `_total`. */
export function metricName(section: string, key: string, isLevel: boolean): string {
  const words = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return `chordns_${section}_${words}${isLevel ? '' : '_total'}`
}

/**
 * An Internet in small for cold caches: 13 root servers, TLDs two levels deep, hosting providers without glue, CDNs,
 * zones with two to thirteen servers. Every server has its own fixed delay; nothing else is random at run time.
 */
import { seeded, shuffled } from '../lib/stats.ts'
import { type AskQuestion, type Behaviour, composeSpec, type WorldSpec, type ZonePlan } from '../lib/world-parts.ts'

export interface DelayedOptions {
  /** Distinct questions. */
  readonly names: number
  readonly seed: number
  /** Bounds of a server's delay, ms. */
  readonly minDelayMs: number
  readonly maxDelayMs: number
  /** Share of leaf zones' servers that never answer, 0 to 1; each zone keeps one that does. */
  readonly dead: number
  readonly port: number
  /** First two numbers of the authorities' addresses. */
  readonly network?: string
}

export interface DelayedWorld {
  readonly spec: WorldSpec
  readonly questions: readonly AskQuestion[]
  readonly zones: number
}

const QUESTIONS_PER_ZONE = 4
const TLDS = ['com.', 'net.', 'org.', 'io.', 'co.uk.', 'com.br.'] as const
const PROVIDERS = 10
const CDNS = 4

export function delayedWorld(options: DelayedOptions): DelayedWorld {
  const build = new Builder(options)
  build.backbone()
  const count = Math.ceil(options.names / QUESTIONS_PER_ZONE)
  const perZone = Array.from({ length: count }, (_, i) => build.leaf(i))
  const all = shuffled(perZone.flat(), build.chance)
  const spec = composeSpec({
    hosts: build.hosts,
    zones: build.zones,
    behaviours: build.behaviours,
    port: options.port,
    seed: options.seed,
  })
  return { spec, questions: all.slice(0, options.names), zones: build.zones.length }
}

class Builder {
  readonly hosts: Record<string, string> = {}
  readonly zones: ZonePlan[] = []
  readonly behaviours: Record<string, Behaviour> = {}
  readonly chance: () => number
  readonly #options: DelayedOptions
  #addresses = 0

  constructor(options: DelayedOptions) {
    this.#options = options
    this.chance = seeded(options.seed)
  }

  backbone(): void {
    this.#zone(
      '.',
      this.#servers(13, (i) => `${String.fromCharCode(97 + i)}.root.`),
      '',
    )
    for (const tld of ['com.', 'net.', 'org.', 'io.', 'uk.', 'co.uk.', 'br.', 'com.br.'])
      this.#zone(
        tld,
        this.#servers(4, (i) => `${String.fromCharCode(97 + i)}.nic.${tld}`),
        '',
      )
    for (let p = 0; p < PROVIDERS; p++) {
      const origin = providerZone(p)
      this.#zone(
        origin,
        this.#servers(4, (i) => `ns${i + 1}.${origin}`),
        'www A 192.0.2.1\n',
      )
    }
    for (let c = 0; c < CDNS; c++) this.#cdn(c)
  }

  /** Customer names point to edges, over one to three more aliases: the shape of Akamai, Fastly and Azure. */
  #cdn(c: number): void {
    const origin = `cdn${c}.net.`
    const edge = `edge.${origin}`
    this.#zone(
      origin,
      this.#servers(4, (i) => `ns${i + 1}.${origin}`),
      `* 60 CNAME balanced.g.${edge}\n`,
    )
    const chain =
      c % 2 === 0
        ? 'balanced.g 60 CNAME a.g\na.g 60 CNAME b.g\nb.g 20 A 198.51.100.9\n'
        : 'balanced.g 20 A 198.51.100.8\n'
    this.#zone(
      edge,
      this.#servers(3, (i) => `n${i}.${edge}`),
      chain,
    )
  }

  leaf(i: number): AskQuestion[] {
    const origin = `zone${i}.${TLDS[i % TLDS.length]}`
    const text = [
      `@ 300 A 192.0.2.${1 + (i % 250)}`,
      `www 300 A 192.0.2.${1 + (i % 250)}`,
      'www 300 AAAA 2001:db8::80',
      '@ 3600 MX 10 mail',
      'mail 300 A 192.0.2.25',
      '@ 300 TXT "v=spf1 mx -all"',
      '_dmarc 300 TXT "v=DMARC1; p=reject"',
      'a.b.c.d 300 A 192.0.2.77',
      `shop 60 CNAME customer${i}.cdn${i % CDNS}.net.`,
      `blog 300 CNAME ${i % 7 === 0 ? 'shop' : 'www'}`,
      `big 300 TXT ${Array.from({ length: 8 }, () => `"${'x'.repeat(240)}"`).join(' ')}`,
      '',
    ].join('\n')
    this.#zone(origin, this.#leafServers(i, origin), text)
    const wanted: AskQuestion[] = [
      { name: `www.${origin}`, type: 'A' },
      { name: `www.${origin}`, type: 'AAAA' },
      { name: origin, type: 'MX' },
      { name: origin, type: 'TXT' },
      { name: `shop.${origin}`, type: 'A' },
      { name: `blog.${origin}`, type: 'A' },
      { name: `missing.${origin}`, type: 'A' },
      { name: `a.b.c.d.${origin}`, type: 'A' },
      { name: `_dmarc.${origin}`, type: 'TXT' },
      { name: `www.${origin}`, type: 'HTTPS' },
      ...(i % 10 === 0 ? [{ name: `big.${origin}`, type: 'TXT' }] : []),
      ...(i % 12 === 0 ? this.#child(i, origin) : []),
    ]
    return shuffled(wanted, this.chance).slice(0, QUESTIONS_PER_ZONE)
  }

  /** A zone below the zone, on servers of its own. */
  #child(i: number, origin: string): AskQuestion[] {
    const child = `dept.${origin}`
    this.#zone(
      child,
      this.#servers(2, (n) => `ns${n}.${child}`),
      `www A 192.0.2.${1 + (i % 250)}\n`,
    )
    return [
      { name: `www.${child}`, type: 'A' },
      { name: `none.${child}`, type: 'A' },
    ]
  }

  #leafServers(i: number, origin: string): readonly string[] {
    const kind = i % 20
    if (kind === 0) return this.#leafHosts(13, (n) => `ns${n}.${origin}`)
    if (kind < 8) return this.#leafHosts(kind % 2 === 0 ? 2 : 3, (n) => `ns${n}.${origin}`)
    const first = providerZone(i % PROVIDERS)
    if (kind < 17) return [1, 2, 3, 4].slice(0, 2 + (i % 3)).map((n) => `ns${n}.${first}`)
    const second = providerZone((i + 3) % PROVIDERS)
    return [`ns1.${first}`, `ns2.${first}`, `ns3.${second}`, `ns4.${second}`]
  }

  #leafHosts(count: number, name: (i: number) => string): readonly string[] {
    const hosts = this.#servers(count, name)
    for (const host of hosts.slice(1)) {
      if (this.chance() < this.#options.dead) this.behaviours[host.slice(0, -1)] = { silent: true }
    }
    return hosts
  }

  #servers(count: number, name: (i: number) => string): readonly string[] {
    const { minDelayMs, maxDelayMs, network = '127.53' } = this.#options
    return Array.from({ length: count }, (_, i) => {
      const host = name(i)
      const serial = this.#addresses++
      this.hosts[host] = `${network}.${Math.floor(serial / 250)}.${1 + (serial % 250)}`
      this.behaviours[host.slice(0, -1)] = {
        delayMs: Math.round(minDelayMs + this.chance() * (maxDelayMs - minDelayMs)),
      }
      return host
    })
  }

  #zone(origin: string, nameServers: readonly string[], text: string): void {
    this.zones.push({ origin, nameServers, text })
  }
}

const providerZone = (p: number): string => `provider${p}.${p % 3 === 0 ? 'org.' : 'net.'}`

/** From checked settings to what the rooms take; and the rules between keys. */
import { join } from 'node:path'
import type { Endpoint } from '../base/index.ts'
import { errorText, fromHex } from '../base/index.ts'
import { isSubdomain, type Name, nameToText, parseName } from '../dns/index.ts'
import { normalAddress } from '../iterator/index.ts'
import type { RecurseLimits, ServerSwitches, ZoneServers } from '../recurse/index.ts'
import { parseDns64Prefix, parsePrefix } from '../resolver/settings.ts'
import { isLoopback, parseListenAddress } from '../serve/settings.ts'
import { checkTogether } from './contradictions.ts'
import { readFilter } from './derive-filter.ts'
import { limits } from './limits.ts'
import { type LocalSources, readLocal } from './local.ts'
import { bytesOf } from './sections/cache.ts'
import type { ConfigValues } from './sections/schema.ts'
import { isAddress } from './sections/values.ts'
import type { Config, FileFault, Problem } from './types.ts'

/** The port that forwarders are asked on unless their address names one. */
const DNS_PORT = 53

/** RFC 8767 section 5 suggests one to three days. */
const MAX_STALE_SECONDS = 86_400

/** What is wrong is appended to `problems` and `faults`, oddities to `warnings`; the configuration is usable only without problems. */
export function deriveConfig(
  settings: ConfigValues,
  problems: Problem[],
  warnings: string[],
  faults: FileFault[],
  sources: LocalSources,
): Config {
  checkListen(settings, problems)
  checkTtls(settings, problems)
  const { iterator, cache } = settings
  const stubs = readZones('iterator.stubs', iterator.stubs, iterator.port, problems)
  const forwards = readZones('iterator.forwards', iterator.forwards, DNS_PORT, problems)
  for (const { zone } of stubs)
    if (forwards.some((one) => one.zone.key === zone.key))
      problems.push({
        path: `iterator.forwards.${nameToText(zone)}`,
        message: 'is a stub zone, too: it can only be one of both',
      })
  checkTogether(settings, { stubs, forwards }, problems, warnings)
  return {
    listen: settings.listen,
    access: settings.access,
    tls: settings.tls,
    serve: { ...settings.serve, tableBytes: bytesOf(settings.serve.tableBytes) },
    resolver: {
      ...settings.resolver,
      prefetch: cache.prefetch,
      keepDelegations: {
        ...settings.resolver.keepDelegations,
        zones: settings.resolver.keepDelegations.zones.map((text) => parseName(text)),
      },
    },
    iterator: {
      ...iterator,
      limits: readLimits(iterator.limits),
      stubs,
      forwards,
      servers: readServers(iterator.servers),
    },
    dnssec: {
      ...settings.dnssec,
      negativeTrustAnchors: settings.dnssec.negativeTrustAnchors.map((text) => parseName(text)),
      ntpNames: settings.dnssec.ntpNames.map((text) => parseName(text)),
    },
    cache: {
      maxBytes: bytesOf(cache.maxBytes),
      persist: cache.persist,
      minTtl: cache.minTtl,
      maxTtl: cache.maxTtl,
      negativeMaxTtl: cache.negativeMaxTtl,
      staleSeconds: settings.resolver.serveStale ? MAX_STALE_SECONDS : 0,
    },
    filter: readFilter(settings, problems),
    local: readLocal(settings.local, sources, { problems, faults }),
    dns64: readDns64(settings),
    rebinding: settings.rebinding.protect
      ? { allow: settings.rebinding.allow.map((text) => parseName(text)) }
      : undefined,
    devices: readDevices(settings),
    ring: readRing(settings, problems),
    chunks: settings.chunks,
    ledger: readLedger(settings, problems),
    data: settings.data,
    identity: settings.identity,
    status: { listen: readStatus(settings, problems), dashboard: readDashboard(settings) },
    log: settings.log,
    queries: { ...settings.queries, dnstap: readDnstap(settings) },
  }
}

function readDns64({ dns64 }: ConfigValues): Config['dns64'] {
  if (!dns64.enabled) return undefined
  return { prefix: parseDns64Prefix(dns64.prefix), exclude: dns64.exclude.map((text) => parsePrefix(text)) }
}

function readDevices({ devices, listen, iterator, local }: ConfigValues): Config['devices'] {
  const { enabled, leases, router, mdns } = devices
  const reached = listen === 'auto' ? [] : [...listen.udp, ...listen.tcp, ...listen.tls, ...listen.https]
  const answersLan = reached.some((text) => !isLoopback(parseListenAddress(text).address))
  if (enabled === false || (enabled === 'auto' && !answersLan)) return undefined
  const name = parseName(devices.domain)
  const zones = [iterator.stubs, iterator.forwards, local.zones].flatMap((one) => Object.keys(one))
  const isOwn = !zones.some((text) => isAtOrBelow(name, text))
  return { domain: nameToText(name).replace(/\.$/, ''), isOwn, leases, router, mdns }
}

/** False for a text that is no name: that is told where it stands. */
function isAtOrBelow(name: Name, zone: string): boolean {
  try {
    return isSubdomain(name, parseName(zone))
  } catch {
    return false
  }
}

/** With nothing configured: a ring of one, with a secret of its own in the data directory. */
function readRing({ ring, data }: ConfigValues, problems: Problem[]): Config['ring'] {
  const enabled = ring.enabled ?? true
  const byDefault = ring.enabled === undefined && ring.secretFile === undefined && ring.bootstrap.length === 0
  const lacksSecret = enabled && ring.admission === 'psk' && ring.secretFile === undefined
  // Whoever joins others needs their secret.
  const makesSecret = lacksSecret && ring.bootstrap.length === 0 && ring.rendezvous.length === 0
  if (lacksSecret && !makesSecret)
    problems.push({
      path: 'ring.secretFile',
      message: 'missing: a psk ring needs the secret that its members share; `chordns keygen --secret FILE` makes one',
    })
  const secretFile = makesSecret ? join(data, 'ring.secret') : ring.secretFile
  const { chunkBits = limits.NEW_RING_CHUNK_BITS } = ring
  return { ...ring, enabled, byDefault, secretFile, makesSecret, chunkBits, isDecided: ring.chunkBits !== undefined }
}

function readLedger({ ledger, ring, data }: ConfigValues, problems: Problem[]): Config['ledger'] {
  const { genesis, roles, votingKeyFile = join(data, 'voting.key'), accountFile = join(data, 'account.key') } = ledger
  if (genesis === undefined && roles.length > 0)
    problems.push({ path: 'ledger.genesis', message: 'missing: roles need the file that the ledgers begin with' })
  if (genesis === undefined && ring.admission === 'endorsed')
    problems.push({ path: 'ledger.genesis', message: 'missing: an endorsed ring takes its members from the ledger' })
  if (genesis !== undefined && ring.enabled === false)
    problems.push({ path: 'ring.enabled', message: 'must not be false: a ledger is followed through the ring' })
  const precedence = new Map(Object.entries(ledger.precedence))
  const { unreachable, hidden, witness, answerTo, reviews } = ledger
  const { names, notified, everySeconds } = ledger.carry
  const carry = { names: names.map((text) => parseName(text)), notified, everyMs: everySeconds * 1_000 }
  if (genesis === undefined && (carry.names.length > 0 || carry.notified))
    problems.push({ path: 'ledger.genesis', message: 'missing: CDS sets are carried to a ledger' })
  const trust = new Map(Object.entries(ledger.trust).map(([chain, point]) => [chain, blockOf(point)] as const))
  return {
    genesis,
    roles,
    votingKeyFile,
    accountFile,
    precedence,
    unreachable,
    hidden,
    carry,
    trust,
    witness,
    answerTo,
    reviews,
  }
}

/** HEIGHT:ID, as the schema wants it. */
function blockOf(point: string): { readonly height: number; readonly blockId: Uint8Array } {
  const [height, id] = point.split(':')
  return { height: Number(height), blockId: fromHex(id!) }
}

/** A node that does its part for ledgers alone answers no stub. */
function checkListen({ listen, access, ledger }: ConfigValues, problems: Problem[]): void {
  if (listen === 'auto') return
  const addresses = [...listen.udp, ...listen.tcp, ...listen.tls, ...listen.https]
  if (addresses.length === 0 && ledger.roles.length === 0)
    problems.push({ path: 'listen', message: 'no address: nobody could ask; "auto" listens on this machine' })
  const beyond = addresses.find((text) => !isLoopback(parseListenAddress(text).address))
  if (beyond === undefined || access.allow.some((range) => !isLoopback(range.replace(/\/.*$/, '')))) return
  problems.push({
    path: 'access.allow',
    message: `missing: ${beyond} can be reached from elsewhere, and a resolver open to all is an amplifier for attacks; name who may ask, such as "192.168.0.0/16"`,
  })
}

function checkTtls({ cache }: ConfigValues, problems: Problem[]): void {
  if (cache.minTtl > cache.maxTtl) problems.push({ path: 'cache.minTtl', message: 'must not be above cache.maxTtl' })
}

/** The API can start look-ups and has no password: it stays on this machine. */
function readStatus({ status }: ConfigValues, problems: Problem[]): Endpoint | false {
  if (status.listen === false) return false
  const endpoint = parseListenAddress(status.listen)
  if (!isLoopback(endpoint.address))
    problems.push({
      path: 'status.listen',
      message: 'must be a loopback address, such as "127.0.0.1:8053": it has no password',
    })
  return endpoint
}

function readDnstap({ queries: { dnstap } }: ConfigValues): Config['queries']['dnstap'] {
  const { socket, server, file, messages, identity, version: sendsVersion } = dnstap
  const common = { messages, identity, sendsVersion }
  if (socket !== undefined) return { to: { kind: 'unix', path: socket }, ...common }
  if (file !== undefined) return { to: { kind: 'file', path: file }, ...common }
  if (server !== undefined) return { to: { kind: 'tcp', endpoint: parseListenAddress(server) }, ...common }
  return undefined
}

function readDashboard({ status: { dashboard } }: ConfigValues): Endpoint | false {
  return dashboard === false ? false : parseListenAddress(dashboard)
}

function readZones(
  path: string,
  zones: Readonly<Record<string, readonly string[]>>,
  defaultPort: number,
  problems: Problem[],
): ZoneServers[] {
  const found = new Map<string, ZoneServers>()
  for (const [text, addresses] of Object.entries(zones)) {
    const problem = (message: string) => problems.push({ path: `${path}.${text}`, message })
    try {
      const zone = parseName(text)
      if (zone.labels === 0) problem(rootZone(path))
      if (found.has(zone.key)) problem('is given twice')
      const servers = addresses.map((address) => parseServer(address, defaultPort))
      found.set(zone.key, { zone, servers })
    } catch (error) {
      problem(errorText(error))
    }
  }
  return [...found.values()]
}

function rootZone(path: string): string {
  return path === 'iterator.forwards'
    ? 'every question would go to one resolver: this node resolves from the root itself; forward named zones only'
    : 'the root is not a stub zone; set iterator.rootHints to a file instead'
}

/** "192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353". */
function parseServer(text: string, defaultPort: number): Endpoint {
  if (isAddress(text)) return { address: text, port: defaultPort }
  const endpoint = parseListenAddress(text)
  if (endpoint.port === 0) throw new Error(`"${text}": port 0 is no server's`)
  return endpoint
}

/** By address in one form, since the same IPv6 address can be written in many. */
function readServers(servers: ConfigValues['iterator']['servers']): ReadonlyMap<string, ServerSwitches> {
  return new Map(Object.entries(servers).map(([address, switches]) => [normalAddress(address), switches]))
}

/** Only what is given, so that the room's own default holds for the rest. */
function readLimits(limits: ConfigValues['iterator']['limits']): Partial<RecurseLimits> {
  const given: Partial<Record<keyof RecurseLimits, number | undefined>> = {
    QUERIES_PER_QUESTION: limits.queriesPerQuestion,
    SENDS_PER_ZONE: limits.sendsPerZone,
    IN_FLIGHT: limits.inFlight,
    FAILURE_MS: limits.failureMs,
    MAX_FAILURE_MS: limits.maxFailureMs,
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

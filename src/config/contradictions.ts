/**
 * Settings that are right by themselves and can never work together: each is told with its path and the fix, so that it shows
 * at the start and not as a name that fails months later. What only loses a part of its use is a warning. Pure.
 */
import type { Endpoint } from '../base/index.ts'
import { isSubdomain, type Name, nameToText, parseName } from '../dns/index.ts'
import { familyOf, mayAsk, sameAddress } from '../iterator/index.ts'
import type { ZoneServers } from '../recurse/index.ts'
import { endpointText, isLoopback, isWildcard, parseListenAddress, somebodyMayAsk } from '../serve/settings.ts'
import type { ConfigValues } from './sections/schema.ts'
import type { Problem } from './types.ts'

/** How a check says what it found; both name the key first. */
interface CheckHooks {
  readonly problem: (path: string, message: string) => void
  readonly warn: (path: string, message: string) => void
}

export interface StubsAndForwards {
  readonly stubs: readonly ZoneServers[]
  readonly forwards: readonly ZoneServers[]
}

export function checkTogether(
  settings: ConfigValues,
  zones: StubsAndForwards,
  problems: Problem[],
  warnings: string[],
): void {
  const told: CheckHooks = {
    problem: (path, message) => problems.push({ path, message }),
    warn: (path, message) => warnings.push(`${path}: ${message}`),
  }
  checkAccess(settings, told)
  checkListeners(settings, told)
  checkTls(settings, told)
  checkRingListeners(settings, told)
  checkFamilies(settings, told)
  checkBind(settings, told)
  for (const kind of ['stubs', 'forwards'] as const)
    for (const zone of zones[kind]) checkZone(settings, kind, zone, told)
  checkServerSwitches(settings, told)
  checkRecords(settings, told)
  checkEvidence(settings, told)
  checkLimits(settings, told)
  checkDnstap(settings, told)
}

/** `auto` needs 127.0.0.1 only; ::1 comes along where there is one. */
function checkAccess({ listen, access }: ConfigValues, { problem, warn }: CheckHooks): void {
  const texts =
    listen === 'auto' ? ['127.0.0.1:53'] : [...new Set([...listen.udp, ...listen.tcp, ...listen.tls, ...listen.https])]
  const deaf = texts.filter((text) => !somebodyMayAsk(parseListenAddress(text).address, access))
  const [first] = deaf
  if (access.allow.length === 0) {
    problem('access.allow', 'allows nobody: every question would be refused; name who may ask, such as "127.0.0.0/8"')
  } else if (first !== undefined && deaf.length === texts.length) {
    const family = first.startsWith('[') ? 'IPv6' : 'IPv4'
    const fix = `add ${family} ranges, such as "127.0.0.0/8" and "::1/128" for this machine`
    problem('access.allow', `nobody in it can ask at ${deaf.join(', ')}: ${fix}`)
  } else {
    for (const text of deaf) warn('access.allow', `nobody in it can ask at ${text}`)
  }
}

function checkTls({ listen, tls, status }: ConfigValues, { problem, warn }: CheckHooks): void {
  if (tls.certificateFile !== undefined && tls.keyFile === undefined)
    problem('tls.keyFile', 'missing: the private key of tls.certificateFile')
  if (tls.keyFile !== undefined && tls.certificateFile === undefined)
    problem('tls.certificateFile', 'missing: the certificate of tls.keyFile')
  const isServed =
    status.dashboard !== false || (listen !== 'auto' && (listen.tls.length > 0 || listen.https.length > 0))
  if (!isServed && (tls.certificateFile !== undefined || tls.name !== undefined))
    warn('tls', 'is of no use: list addresses in listen.tls or listen.https')
}

function checkListeners({ listen, status }: ConfigValues, { problem, warn }: CheckHooks): void {
  const lists = listen === 'auto' ? { udp: [], tcp: [], tls: [], https: [] } : listen
  for (const protocol of ['udp', 'tcp', 'tls', 'https'] as const) {
    const seen: string[] = []
    for (const [index, text] of lists[protocol].entries()) {
      const twin = seen.find((other) => other !== text && isSame(parseListenAddress(other), parseListenAddress(text)))
      if (twin !== undefined) problem(`listen.${protocol}.${index}`, `is ${twin} once more: leave one of them out`)
      seen.push(text)
    }
  }
  if (lists.udp.length > 0 && lists.tcp.length === 0)
    warn(
      'listen.tcp',
      'is empty: answers that do not fit into UDP cannot be had (RFC 7766); list the addresses of listen.udp',
    )
  for (const [protocol, above] of [
    ['tls', ['tcp']],
    ['https', ['tcp', 'tls']],
  ] as const)
    for (const [index, text] of lists[protocol].entries())
      for (const other of above)
        if (lists[other].some((one) => takes(parseListenAddress(one), parseListenAddress(text))))
          problem(`listen.${protocol}.${index}`, `is taken by listen.${other}: each needs a port of its own`)
  if (status.listen === false) return
  const own = parseListenAddress(status.listen)
  for (const protocol of ['tcp', 'tls', 'https'] as const) {
    const clash = lists[protocol].find((text) => takes(parseListenAddress(text), own))
    if (clash !== undefined)
      problem('status.listen', `is taken by listen.${protocol} ${clash}: choose another port, such as "127.0.0.1:8053"`)
  }
}

function checkRingListeners({ listen, status, ring }: ConfigValues, { problem }: CheckHooks): void {
  if (!hasRing(ring)) return
  const tcp = listen === 'auto' ? [] : listen.tcp
  const taken = [
    ...tcp.map((text) => ['listen.tcp', text] as const),
    ...(status.listen === false ? [] : [['status.listen', status.listen] as const]),
  ]
  for (const [index, multiaddr] of ring.listen.entries()) {
    const [, address = '', port] = /^\/ip[46]\/([^/]+)\/tcp\/(\d+)/.exec(multiaddr) ?? []
    const own = { address, port: Number(port) }
    const clash = taken.find(([, text]) => takes(parseListenAddress(text), own) || takes(own, parseListenAddress(text)))
    if (port !== undefined && clash !== undefined)
      problem(`ring.listen.${index}`, `is taken by ${clash[0]} ${clash[1]}: choose another port`)
  }
}

function checkFamilies({ iterator }: ConfigValues, { problem }: CheckHooks): void {
  if (!iterator.ipv4 && iterator.ipv6 === false)
    problem('iterator.ipv4', 'is off, and so is iterator.ipv6: no server could be asked; turn one of them on')
}

function checkBind({ iterator }: ConfigValues, { problem }: CheckHooks): void {
  for (const [index, address] of iterator.bind.entries()) {
    const path = `iterator.bind.${index}`
    if (isOff(address, iterator))
      problem(path, `is never used: ${offKey(address)} is off; turn it on, or leave the address out`)
    else if (isLoopback(address) && !iterator.queryLoopback)
      problem(path, 'is a loopback address, which reaches this machine only: name an address of a network, or none')
  }
}

function checkZone(
  settings: ConfigValues,
  kind: 'stubs' | 'forwards',
  { zone, servers }: ZoneServers,
  told: CheckHooks,
): void {
  const path = `iterator.${kind}.${nameToText(zone).replace(/(.)\.$/, '$1')}`
  const shadow = shadowOf(settings, zone)
  if (shadow !== undefined) told.problem(path, `is never asked: ${shadow}`)
  for (const { address, port } of servers) {
    const server = endpointText({ address, port })
    if (!mayAsk(address, port, { ipv4: true, ipv6: true, queryLoopback: true, port, own: [] }))
      told.problem(path, `${server} can be no server: it is a wildcard, a multicast or a link-local address`)
    else if (listeners(settings).some((own) => takes(own, { address, port })))
      told.problem(path, `${server} is this node itself (listen): name the server that knows the zone`)
  }
  if (servers.length > 0 && servers.every(({ address }) => isOff(address, settings.iterator)))
    told.problem(
      path,
      `none of its servers can be asked: ${offKey(servers[0]!.address)} is off; turn it on, or name others`,
    )
}

/** Why local names answer for a zone before its servers are asked. */
function shadowOf({ local }: ConfigValues, zone: Name): string | undefined {
  if (isSubdomain(zone, LOCALHOST)) return 'names of localhost are answered here (RFC 6761)'
  const nearest = nearestZone(local.zones, zone)
  if (nearest === undefined || nearest.type === 'transparent' || nearest.type === 'typetransparent') return undefined
  return `local.zones answers for ${nearest.text} ("${nearest.type}"); make it "transparent", or leave one of them out`
}

/** In zones of these types local data does not count. (Records below a `redirect` zone are an error where they are read.) */
function checkRecords({ local }: ConfigValues, { warn }: CheckHooks): void {
  for (const [index, line] of local.records.entries()) {
    const owner = nameOf(line.trim().split(/\s/)[0] ?? '')
    const zone = owner && nearestZone(local.zones, owner)
    if (zone?.type.startsWith('always_'))
      warn(`local.records.${index}`, `is never answered: local.zones has ${zone.text} as "${zone.type}"`)
  }
}

function checkServerSwitches({ iterator, cache }: ConfigValues, { problem }: CheckHooks): void {
  for (const [address, { edns, cookie, maxTtl }] of Object.entries(iterator.servers)) {
    const path = `iterator.servers.${address}`
    if (edns === false && cookie === true)
      problem(`${path}.cookie`, 'is an option of EDNS, and edns is off for this server: turn one of them round')
    if (maxTtl !== undefined && maxTtl < cache.minTtl)
      problem(`${path}.maxTtl`, `must not be below cache.minTtl (${cache.minTtl}), which would lengthen it again`)
  }
}

function checkEvidence({ dnssec, resolver, ring }: ConfigValues, { problem, warn }: CheckHooks): void {
  if (!dnssec.validate && dnssec.logOnly)
    problem('dnssec.logOnly', 'logs what fails validation, and dnssec.validate is off: turn it on')
  if (!dnssec.validate && dnssec.ntpNames.length > 0) warn('dnssec.ntpNames', 'is of no use: dnssec.validate is off')
  if (dnssec.negativeTrustAnchors.some((text) => nameOf(text)?.labels === 0))
    warn('dnssec.negativeTrustAnchors', 'names the root: nothing at all is validated, as with dnssec.validate: false')
  const { zones } = resolver.keepDelegations
  if (zones.some((text) => nameOf(text)?.labels === 0))
    problem('resolver.keepDelegations.zones', 'names the root, which nobody delegates: name zones')
  if (zones.length > 0 && !hasRing(ring))
    warn('resolver.keepDelegations.zones', 'is of no use: without a ring no delegation is agreed on')
  // With signatures it is a choice: names that are signed, and no others.
  if (resolver.strict && !hasRing(ring) && !dnssec.validate)
    problem(
      'resolver.strict',
      'refuses what is neither signed nor agreed by a ring, and there is neither here: turn on ring.enabled or dnssec.validate',
    )
}

function checkLimits({ iterator }: ConfigValues, { problem }: CheckHooks): void {
  const { failureMs, maxFailureMs } = iterator.limits
  if (failureMs !== undefined && maxFailureMs !== undefined && failureMs > maxFailureMs)
    problem('iterator.limits.failureMs', 'must not be above iterator.limits.maxFailureMs')
}

function checkDnstap({ queries: { dnstap, privacy } }: ConfigValues, { problem, warn }: CheckHooks): void {
  const [first, second] = (['socket', 'server', 'file'] as const).filter((key) => dnstap[key] !== undefined)
  if (first === undefined) return
  if (second !== undefined)
    problem(`queries.dnstap.${second}`, `must not stand beside queries.dnstap.${first}: messages go to one reader`)
  if (privacy === 'off')
    problem(
      'queries.privacy',
      `is "off", so that names are told nobody, and every message to queries.dnstap.${first} has one: set "names", "clients" (with a mark for each client) or "full" (with addresses)`,
    )
  if (dnstap.server === undefined) return
  const { address, port } = parseListenAddress(dnstap.server)
  if (port === 0) problem('queries.dnstap.server', "port 0 is nobody's")
  if (!isLoopback(address)) warn('queries.dnstap.server', 'what is asked here goes through the network unencrypted')
}

function hasRing({ enabled, secretFile, bootstrap }: ConfigValues['ring']): boolean {
  return enabled ?? (secretFile !== undefined || bootstrap.length > 0)
}

function nearestZone(zones: ConfigValues['local']['zones'], inside: Name) {
  const above = Object.entries(zones).flatMap(([text, type]) => {
    const name = nameOf(text)
    return name !== undefined && isSubdomain(inside, name) ? [{ text, name, type }] : []
  })
  return above.sort((a, b) => b.name.labels - a.name.labels)[0]
}

const LOCALHOST = parseName('localhost')

/** Undefined for what is no name: that is told elsewhere. */
function nameOf(text: string): Name | undefined {
  try {
    return parseName(text)
  } catch {
    return undefined
  }
}

function isOff(address: string, { ipv4, ipv6 }: ConfigValues['iterator']): boolean {
  return familyOf(address) === 4 ? !ipv4 : ipv6 === false
}

function offKey(address: string): string {
  return familyOf(address) === 4 ? 'iterator.ipv4' : 'iterator.ipv6'
}

/** Listed ones only: with `auto` a server on port 53 of this machine makes us go to 5300. */
function listeners({ listen }: ConfigValues): Endpoint[] {
  return listen === 'auto' ? [] : [...listen.udp, ...listen.tcp].map(parseListenAddress)
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.port !== 0 && sameAddress(a.address, b.address)
}

/** Whether a listener has the address, too: a wildcard has all loopback addresses of its family. */
function takes(listener: Endpoint, endpoint: Endpoint): boolean {
  if (isSame(listener, endpoint)) return true
  const isCovered = isWildcard(listener.address) && isLoopback(endpoint.address)
  return isCovered && listener.port === endpoint.port && familyOf(listener.address) === familyOf(endpoint.address)
}

/** Which addresses to bind, and what to tell whoever cannot. */
import { ChordnsError, type Endpoint, errorText, isChordnsError, type Log } from '../../base/index.ts'
import { endpointText, parseListenAddress } from '../access/addresses.ts'
import type { ListenOptions, Protocol } from '../types.ts'
import type { Door } from './udp.ts'

/** Binds one address. Rejects with the system's error. */
export type Open = (protocol: Protocol, endpoint: Endpoint) => Promise<Door>

export interface OpenDoor {
  readonly protocol: Protocol
  readonly door: Door
}

/** What LISTEN_FAILED says. `reason` is the system's code: EACCES, EADDRINUSE, EADDRNOTAVAIL ... */
export interface ListenFailure {
  readonly address: string
  readonly protocol: Protocol
  readonly reason: string
  readonly fix: string
}

/** On one port together. */
export const PLAIN: readonly Protocol[] = ['udp', 'tcp']
export const ENCRYPTED: readonly Protocol[] = ['tls', 'https']
const PROTOCOLS: readonly Protocol[] = [...PLAIN, ...ENCRYPTED]
const AUTO_PORTS = [53, 5300]
const PORT_ZERO_TRIES = 20

/** The addresses of a listen option, before anything is bound: what access is checked by. */
export function listenEndpoints(listen: ListenOptions): Endpoint[] {
  if (listen === 'auto') return [{ address: '127.0.0.1', port: 53 }]
  return PROTOCOLS.flatMap((protocol) => listed(listen, protocol)).map(parseListenAddress)
}

/** The addresses that are listed for a protocol. */
export function listed(listen: Exclude<ListenOptions, 'auto'>, protocol: Protocol): readonly string[] {
  return listen[protocol] ?? []
}

/** Binds all, or throws LISTEN_FAILED (detail: ListenFailure) and leaves nothing bound. `log` hears why `auto` is not on port 53. */
export async function openAll(listen: ListenOptions, open: Open, log: Pick<Log, 'warn'>): Promise<OpenDoor[]> {
  return listen === 'auto' ? openAuto(open, log) : openListed(listen, open)
}

/** 127.0.0.1 must be had on one of the ports; ::1 comes along when this machine has it and the port is free there too. */
async function openAuto(open: Open, log: Pick<Log, 'warn'>): Promise<OpenDoor[]> {
  let failure: ChordnsError | undefined
  for (const port of AUTO_PORTS) {
    try {
      const ipv4 = await openPair({ address: '127.0.0.1', port }, open)
      const ipv6 = await openPair({ address: '::1', port }, open).catch(() => [])
      if (failure !== undefined)
        log.warn({ port, reason: failure.message }, 'stub resolvers are to ask at another port than 53')
      return [...ipv4, ...ipv6]
    } catch (error) {
      if (!isChordnsError(error, 'LISTEN_FAILED')) throw error
      failure = error
    }
  }
  throw failure
}

/** An address that UDP and TCP both name is bound as a pair, so that port 0 becomes the same port for both. */
async function openListed(listen: Exclude<ListenOptions, 'auto'>, open: Open): Promise<OpenDoor[]> {
  const doors: OpenDoor[] = []
  try {
    for (const text of new Set([...listen.udp, ...listen.tcp])) {
      const protocols = PLAIN.filter((protocol) => listed(listen, protocol).includes(text))
      doors.push(...(await openFor(protocols, parseListenAddress(text), open)))
    }
    for (const protocol of ENCRYPTED)
      for (const text of new Set(listed(listen, protocol)))
        doors.push(await openOne(protocol, parseListenAddress(text), open))
    return doors
  } catch (error) {
    await closeAll(doors)
    throw error
  }
}

/** Binds one address for one protocol, or for both on the same port. */
export async function openFor(protocols: readonly Protocol[], endpoint: Endpoint, open: Open): Promise<OpenDoor[]> {
  return protocols.length === 2 ? openPair(endpoint, open) : [await openOne(protocols[0]!, endpoint, open)]
}

async function openPair(endpoint: Endpoint, open: Open): Promise<OpenDoor[]> {
  for (let attempt = 1; ; attempt++) {
    const udp = await openOne('udp', endpoint, open)
    try {
      return [udp, await openOne('tcp', udp.door.endpoint, open)]
    } catch (error) {
      await udp.door.close()
      // Port 0: the system's choice for UDP may be taken for TCP.
      if (endpoint.port !== 0 || attempt === PORT_ZERO_TRIES) throw error
    }
  }
}

async function openOne(protocol: Protocol, endpoint: Endpoint, open: Open): Promise<OpenDoor> {
  try {
    return { protocol, door: await open(protocol, endpoint) }
  } catch (cause) {
    throw listenFailed(protocol, endpoint, cause)
  }
}

export async function closeAll(doors: readonly OpenDoor[]): Promise<void> {
  await Promise.all(doors.map(({ door }) => door.close()))
}

function listenFailed(
  protocol: Protocol,
  endpoint: Endpoint,
  cause: unknown,
): ChordnsError<'LISTEN_FAILED', ListenFailure> {
  const address = endpointText(endpoint)
  const reason = systemCode(cause)
  const fix = fixFor(reason, endpoint)
  const text = `cannot listen on ${address} (${protocol}): ${reason}. ${fix}`
  return new ChordnsError('LISTEN_FAILED', text, { address, protocol, reason, fix }, { cause })
}

function systemCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : errorText(error)
}

function fixFor(reason: string, { address, port }: Endpoint): string {
  switch (reason) {
    case 'EACCES':
    case 'EPERM':
      return [
        `Ports below 1024 need a permission. Either give it to the service (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE),`,
        `or to everybody (sysctl net.ipv4.ip_unprivileged_port_start=${port}), or listen on another port, such as 5300.`,
      ].join(' ')
    case 'EADDRINUSE':
      return [
        `Another program has this address: often systemd-resolved (DNSStubListener=no in /etc/systemd/resolved.conf, then`,
        `systemctl restart systemd-resolved), dnsmasq, or a second chordns. "ss -lntup 'sport = :${port}'" names it. Stop it, or listen elsewhere.`,
      ].join(' ')
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return `This machine has no address ${address} now. "ip address" lists those it has; a service that starts before its network should wait for network-online.target.`
    default:
      return 'Choose another address or port.'
  }
}

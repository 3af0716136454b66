/** From what is so on a machine to what `chordns setup` writes. Pure: nothing is read or written here. */
import { ChordnsError } from '../../base/index.ts'
import { type Holder, isInTheWay } from './port-53.ts'

export interface InterfaceAddress {
  readonly interface: string
  /** Without a zone. */
  readonly address: string
  /** Length of its network's prefix. */
  readonly prefix: number
}

export type ResolvConf =
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'file'; readonly text: string }
  | { readonly kind: 'none' }

export interface MachineFacts {
  /** Of interfaces that are up, loopback included. */
  readonly addresses: readonly InterfaceAddress[]
  /** The interface of the default route of IPv4. */
  readonly towardsInternet: string | undefined
  /** Of port 53. */
  readonly holders: readonly Holder[]
  readonly resolvConf: ResolvConf
  /** systemd-resolved runs. */
  readonly hasResolved: boolean
  /** The configuration that is there. */
  readonly config: Readonly<Record<string, unknown>> | undefined
}

export interface SetupWishes {
  readonly configFile: string
  /** Undefined: the one towards the Internet. */
  readonly interface?: string | undefined
}

/** What a path shall be. */
export interface PlannedFile {
  readonly path: string
  readonly text: string
  readonly why: string
}

export interface SetupPlan {
  readonly interface: string
  /** What clients of the LAN are told. */
  readonly addresses: readonly string[]
  /** Written first; the node must answer before the rest is. */
  readonly config: PlannedFile
  /** What makes this machine ask the node. */
  readonly own: readonly PlannedFile[]
  /** Run after `own`, and after an undo. */
  readonly commands: readonly (readonly string[])[]
  readonly warnings: readonly string[]
}

export const RESOLV_CONF = '/etc/resolv.conf'
export const RESOLVED_DROP_IN = '/etc/systemd/resolved.conf.d/chordns.conf'
const MARK = '# Written by `chordns setup`; `chordns setup --undo` restores what was here.\n'

/** Throws USAGE when there is no such interface or it has no address of a LAN, SETUP_PORT_TAKEN when others have port 53 there. */
export function planSetup(facts: MachineFacts, { configFile, interface: wanted }: SetupWishes): SetupPlan {
  const chosen = wanted ?? facts.towardsInternet ?? theOnlyOne(facts)
  const there = facts.addresses.filter((one) => one.interface === chosen)
  if (there.length === 0) throw usage(`there is no interface ${chosen} with an address; there are: ${namesOf(facts)}`)
  const own = there.filter(({ address }) => isLocal(address))
  if (own.length === 0)
    throw usage(
      `${chosen} has no private address, only ${there.map(({ address }) => address).join(', ')}: whoever in the world can ask a resolver uses it for attacks. Name the interface of your LAN with --interface (${namesOf(facts)})`,
    )
  const loopback = ['127.0.0.1', '::1'].filter((one) => facts.addresses.some(({ address }) => address === one))
  const listen = [...loopback, ...own.map(({ address }) => address)]
  refuseTaken(facts.holders, listen)
  return {
    interface: chosen,
    addresses: own.map(({ address }) => address),
    config: {
      path: configFile,
      text: `${JSON.stringify(configFor(facts.config, listen, own), null, 2)}\n`,
      why: 'listens on the LAN, and answers it',
    },
    own: [
      ...(facts.hasResolved
        ? [
            {
              path: RESOLVED_DROP_IN,
              text: `${MARK}[Resolve]\nDNS=127.0.0.1\nDomains=~.\nDNSStubListener=no\n`,
              why: 'systemd-resolved asks the node',
            },
          ]
        : []),
      {
        path: RESOLV_CONF,
        text: `${MARK}nameserver 127.0.0.1\noptions edns0 trust-ad\n`,
        why: 'programs of this machine ask the node',
      },
    ],
    commands: facts.hasResolved ? [['systemctl', 'restart', 'systemd-resolved']] : [],
    warnings: warningsOf(facts),
  }
}

function configFor(
  before: MachineFacts['config'],
  listen: readonly string[],
  own: readonly InterfaceAddress[],
): Record<string, unknown> {
  const endpoints = listen.map((address) => (address.includes(':') ? `[${address}]:53` : `${address}:53`))
  // DNS over TLS and HTTPS stay where they are.
  const [listening, access] = ['listen', 'access'].map((key) => objectOr(before?.[key]))
  const allow = [...new Set(['127.0.0.0/8', '::1/128', ...own.map(networkOf)])]
  return { ...before, listen: { ...listening, udp: endpoints, tcp: endpoints }, access: { ...access, allow } }
}

function objectOr(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}

/** `192.168.1.10`, 24 -> `192.168.1.0/24`. */
function networkOf({ address, prefix }: InterfaceAddress): string {
  const bytes = address.includes(':') ? ipv6Bytes(address) : address.split('.').map(Number)
  const masked = bytes.map((byte, at) => byte & (0xff << Math.max(0, Math.min(8, 8 * (at + 1) - prefix))))
  if (masked.length === 4) return `${masked.join('.')}/${prefix}`
  const groups = Array.from({ length: 8 }, (_, at) => ((masked[2 * at]! << 8) | masked[2 * at + 1]!).toString(16))
  return `${new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)}/${prefix}`
}

function ipv6Bytes(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const zeros = Array<string>(tail === undefined ? 0 : 8 - before.length - after.length).fill('0')
  return [...before, ...zeros, ...after].flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

/** Private, shared or unique local (RFC 1918, 6598, 4193). */
function isLocal(address: string): boolean {
  if (address.includes(':')) return /^f[cd]/i.test(address)
  const [a = 0, b = 0] = address.split('.').map(Number)
  return a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b < 128)
}

function theOnlyOne(facts: MachineFacts): string {
  const names = new Set(facts.addresses.filter(({ address }) => isLocal(address)).map((one) => one.interface))
  const [only] = names
  if (names.size === 1 && only !== undefined) return only
  throw usage(
    names.size === 0
      ? 'this machine has no private address: it is on no LAN now'
      : `this machine has several networks and no default route: name one with --interface (${[...names].join(', ')})`,
  )
}

function namesOf({ addresses }: MachineFacts): string {
  return [...new Set(addresses.map((one) => one.interface))].join(', ')
}

function refuseTaken(holders: readonly Holder[], listen: readonly string[]): void {
  const taken = holders.filter((holder) => !isOurs(holder) && listen.some((address) => isInTheWay(holder, address)))
  if (taken.length === 0) return
  const lines = taken.map(
    ({ address, protocol, program = 'a program of another user (run this as root to see which)' }) =>
      `${program} has ${protocol} ${address} port 53`,
  )
  throw new ChordnsError(
    'SETUP_PORT_TAKEN',
    `${[...new Set(lines)].join('; ')}. Stop it and keep it from starting again (systemctl disable --now ...), then run this once more`,
    { holders: taken.map(({ protocol, address, program }) => ({ protocol, address, program: program ?? null })) },
  )
}

/** A node that runs already. */
function isOurs({ program }: Holder): boolean {
  return program?.startsWith('chordns ') ?? false
}

function warningsOf({ resolvConf, hasResolved }: MachineFacts): string[] {
  const warnings = [
    'The address of this machine must stay the same: give it a fixed one in the router (a DHCP reservation).',
  ]
  if (
    resolvConf.kind === 'file' &&
    !hasResolved &&
    /generated by|networkmanager|dhclient|dhcpcd/i.test(resolvConf.text)
  )
    warnings.push(
      `${RESOLV_CONF} says that a program writes it: that program must be told to leave it (NetworkManager: dns=none in its configuration), or it will undo this.`,
    )
  return warnings
}

function usage(text: string) {
  return new ChordnsError('USAGE', text, {})
}

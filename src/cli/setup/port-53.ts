/** Who has a port: the tables of sockets in /proc/net, as proc(5) has them. */

/** One socket that others of the port must respect. */
export interface Holder {
  readonly protocol: 'udp' | 'tcp'
  readonly address: string
  /** By which its process is found. */
  readonly inode: string
  /** `named (pid 812)`; undefined where only root may know. */
  readonly program?: string | undefined
}

const LISTENING = '0A'

/** `text`: of /proc/net/udp, udp6, tcp or tcp6. Lines that cannot be read are passed over. */
export function holdersIn(text: string, protocol: Holder['protocol'], port: number): Holder[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    const [addressHex, portHex] = (fields[1] ?? '').split(':')
    if (addressHex === undefined || portHex === undefined || Number.parseInt(portHex, 16) !== port) return []
    if (protocol === 'tcp' && fields[3] !== LISTENING) return []
    const address = addressOf(addressHex)
    const inode = fields[9]
    return address === undefined || inode === undefined ? [] : [{ protocol, address, inode }]
  })
}

/** True when a socket there leaves no room for one at `address`. */
export function isInTheWay({ address: held }: Pick<Holder, 'address'>, address: string): boolean {
  if (held === address) return true
  // A socket for all IPv6 addresses has those of IPv4 as well, unless it says otherwise, which /proc does not show.
  return held === '::' || (held === '0.0.0.0' && !address.includes(':'))
}

/** Words of 32 bits, each in the byte order of the machine: little-endian on all that Node runs on. */
function addressOf(hex: string): string | undefined {
  if (!/^([0-9A-F]{8}|[0-9A-F]{32})$/i.test(hex)) return undefined
  const bytes = [...Buffer.from(hex, 'hex')]
  const ordered = bytes.flatMap((_, at) => bytes[(at & ~3) + 3 - (at & 3)]!)
  if (ordered.length === 4) return ordered.join('.')
  const groups = Array.from({ length: 8 }, (_, at) => ((ordered[2 * at]! << 8) | ordered[2 * at + 1]!).toString(16))
  // The URL parser writes IPv6 addresses as RFC 5952 wants them.
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)
}

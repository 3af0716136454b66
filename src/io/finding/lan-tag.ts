/** The name under which members of a ring look for each other on the local network. */
import { createHmac } from 'node:crypto'

/** `_` and 14 hex digits, as long as a service name may be (RFC 6335 section 5.1). */
export function lanTag(ringId: string, secret: Uint8Array): string {
  const digest = createHmac('sha256', secret).update(`chordns mdns 1 ${ringId}`).digest('hex')
  return `_${digest.slice(0, 14)}._udp.local`
}

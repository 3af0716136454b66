/** Under which key the members of a ring look for each other in a DHT. */
import { createHmac } from 'node:crypto'

/** 32 bytes; without the secret nobody can say which ring it is, or find its members by its name. */
export function rendezvousKey(ringId: string, secret: Uint8Array): Uint8Array {
  return createHmac('sha256', secret).update(`chordns rendezvous 1 ${ringId}`).digest()
}

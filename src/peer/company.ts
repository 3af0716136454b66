/**
 * What is in no hurry leaves with the next request to the same peer, or when its patience ends (DESIGN 5, *What a question may cost*):
 * a frame that goes anyway costs the packets, and so most of the work of a message. Above the transport, so that simulated nodes send
 * as real ones do.
 */

import {
  type Cancel,
  ChordnsError,
  type Clock,
  type PeerId,
  type RequestOptions,
  type Transport,
} from '../base/index.ts'
import { limits } from './limits.ts'

interface Waiting {
  readonly leave: () => void
  readonly bytes: number
}

interface Group {
  readonly waiting: Set<Waiting>
  bytes: number
  /** When the first of them loses its patience. Monotonic ms. */
  leaveAt: number
  cancel: Cancel
}

type Sends = Pick<Transport, 'request'>

/** The same transport, which keeps patient requests together. */
export function inCompany<T extends Sends>(transport: T, clock: Pick<Clock, 'after' | 'monotonic'>): Sends {
  const groups = new Map<PeerId, Group>()

  function leave(peer: PeerId): void {
    const group = groups.get(peer)
    if (group === undefined) return
    groups.delete(peer)
    group.cancel()
    for (const { leave } of group.waiting) leave()
  }

  /** The group of the peer, which leaves within so long. */
  function groupOf(peer: PeerId, patienceMs: number): Group {
    const leaveAt = clock.monotonic() + patienceMs
    const known = groups.get(peer)
    if (known !== undefined && known.leaveAt <= leaveAt) return known
    known?.cancel()
    const cancel = clock.after(patienceMs, () => leave(peer))
    const group: Group = known ?? { waiting: new Set(), bytes: 0, leaveAt, cancel }
    group.leaveAt = leaveAt
    group.cancel = cancel
    groups.set(peer, group)
    return group
  }

  function wait(peer: PeerId, body: Uint8Array, options: RequestOptions, patienceMs: number): Promise<Uint8Array> {
    const { signal } = options
    if (signal?.aborted === true) return Promise.reject(aborted())
    return new Promise((resolve, reject) => {
      const group = groupOf(peer, patienceMs)
      const onAbort = () => {
        if (!group.waiting.delete(one)) return
        group.bytes -= one.bytes
        reject(aborted())
      }
      const one: Waiting = {
        bytes: body.length,
        leave() {
          signal?.removeEventListener('abort', onAbort)
          transport.request(peer, body, options).then(resolve, reject)
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      group.waiting.add(one)
      group.bytes += body.length
      if (group.bytes > limits.MAX_WAITING_BYTES) leave(peer)
    })
  }

  return {
    request(peer, body, options) {
      const { patienceMs = 0 } = options
      if (patienceMs > 0) return wait(peer, body, options, patienceMs)
      // The one in a hurry goes first: its reply is worked on first, too.
      const reply = transport.request(peer, body, options)
      leave(peer)
      return reply
    },
  }
}

function aborted() {
  return new ChordnsError('ABORTED', 'the request was given up before it left', {})
}

/** The Exchange, with somebody who hears of each query when it is sent and of each reply that was accepted. */
import type { Clock, Endpoint, Exchange, UpstreamProtocol, UpstreamQuery } from '../../base/index.ts'

export interface UpstreamEvent {
  readonly kind: 'query' | 'response'
  readonly about: NonNullable<UpstreamQuery['about']>
  readonly server: Endpoint
  readonly protocol: UpstreamProtocol
  readonly bytes: Uint8Array
  /** Since the query was sent, ms. */
  readonly elapsedMs: number
}

export interface UpstreamTap {
  readonly wantsUpstream: boolean
  /** Must not throw. */
  upstream(event: UpstreamEvent): void
}

/** `tap`: undefined as long as nobody listens. */
export function tappedExchange(exchange: Exchange, clock: Clock, tap: () => UpstreamTap | undefined): Exchange {
  return {
    families: () => exchange.families(),
    exchange(query) {
      const { about, server, protocol, message, onSent, onLate } = query
      const listener = tap()
      if (about === undefined || listener?.wantsUpstream !== true) return exchange.exchange(query)
      let sentAt = clock.monotonic()
      const hear = (kind: UpstreamEvent['kind'], bytes: Uint8Array) =>
        listener.upstream({ kind, about, server, protocol, bytes, elapsedMs: clock.monotonic() - sentAt })
      const heard = exchange.exchange({
        ...query,
        onSent() {
          sentAt = clock.monotonic()
          hear('query', message)
          onSent?.()
        },
        ...(onLate !== undefined && {
          onLate(reply: Uint8Array) {
            hear('response', reply)
            onLate(reply)
          },
        }),
      })
      return heard.then((reply) => {
        hear('response', reply)
        return reply
      })
    },
  }
}

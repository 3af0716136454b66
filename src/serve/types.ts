/** The stub-facing door: sockets, access, and the DNS header's etiquette. */
import type { Endpoint } from '../base/index.ts'
import type { Resolver } from '../resolver/index.ts'

export interface AccessOptions {
  /** CIDR texts; loopback only by default. */
  readonly allow: readonly string[]
}

/** `auto`: 127.0.0.1 and ::1 on port 53, else 5300, whichever can be bound. */
export type ListenOptions = 'auto' | { readonly udp: readonly string[]; readonly tcp: readonly string[] }

export interface ServeOptions {
  readonly listen: ListenOptions
  readonly access: AccessOptions
  /** Adds EDE texts with the provenance of the answer. */
  readonly explain: boolean
  readonly minimalResponses: boolean
}

export interface BoundAddress extends Endpoint {
  readonly protocol: 'udp' | 'tcp'
}

export interface ServeStats {
  readonly queries: number
  readonly answered: number
  readonly refused: number
  readonly malformed: number
  readonly dropped: number
  readonly servfail: number
  readonly inFlight: number
  readonly tcpConnections: number
}

/** A running front end. */
export interface FrontEnd {
  readonly addresses: readonly BoundAddress[]
  stats(): ServeStats
  /** Stops listening, lets questions in work finish for at most `drainMs`, then closes. */
  close(drainMs: number): Promise<void>
}

export type { Resolver }

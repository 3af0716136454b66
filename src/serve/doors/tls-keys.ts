/** What all doors over TLS have in common: the certificate, which can change while they are open, and the keys of session tickets. */
import { randomBytes } from 'node:crypto'
import { createServer, type Server, type TlsOptions as ServerOptions, type TLSSocket } from 'node:tls'
import type { Cancel, Clock } from '../../base/index.ts'
import type { ServeLimits } from '../limits.ts'
import type { TlsOptions } from '../types.ts'

/** Name, HMAC key and AES key of a ticket. */
const TICKET_KEY_BYTES = 48

export class TlsKeys {
  readonly #clock: Clock
  readonly #limits: ServeLimits
  readonly #servers = new Set<Server>()
  #options: TlsOptions
  #tickets = randomBytes(TICKET_KEY_BYTES)
  #cancel: Cancel

  constructor(options: TlsOptions, clock: Clock, limits: ServeLimits) {
    this.#options = options
    this.#clock = clock
    this.#limits = limits
    this.#cancel = this.#rotate()
  }

  /** A server that listens nowhere: connections are given to it. `alpn`: what it speaks, the first that the client knows. */
  server(alpn: readonly string[], onSecure: (socket: TLSSocket) => void): Server {
    const options: ServerOptions = {
      ...this.#secrets(),
      ALPNProtocols: [...alpn],
      handshakeTimeout: this.#limits.TLS_HANDSHAKE_MS,
    }
    const server = createServer(options, onSecure)
    this.#servers.add(server)
    return server
  }

  drop(server: Server): void {
    this.#servers.delete(server)
  }

  /** New connections get this certificate. Throws what OpenSSL has against it, and then changes nothing. */
  renew(options: TlsOptions): void {
    const before = this.#options
    if (before.certificate === options.certificate && before.key === options.key) return
    this.#options = options
    try {
      for (const server of this.#servers) server.setSecureContext(this.#secrets())
    } catch (error) {
      this.#options = before
      for (const server of this.#servers) server.setSecureContext(this.#secrets())
      throw error
    }
  }

  stop(): void {
    this.#cancel()
  }

  #secrets() {
    const { certificate, key } = this.#options
    return { cert: certificate, key, minVersion: 'TLSv1.2' as const, ticketKeys: this.#tickets }
  }

  /** Who finds a key of tickets later reads what was said under it, and no more than an hour's. */
  #rotate(): Cancel {
    return this.#clock.after(this.#limits.TLS_TICKETS_MS, () => {
      this.#tickets = randomBytes(TICKET_KEY_BYTES)
      for (const server of this.#servers) server.setTicketKeys(this.#tickets)
      this.#cancel = this.#rotate()
    })
  }
}

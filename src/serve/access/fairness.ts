/** What one client may hold at once, so that none takes the place of all. Pure but for its counters. */

import type { ServeLimits } from '../limits.ts'
import type { Client } from './access.ts'

/** How many things in work each client has. */
export class Shares {
  readonly #held = new Map<string, number>()

  of(client: string): number {
    return this.#held.get(client) ?? 0
  }

  hold(client: string): void {
    this.#held.set(client, this.of(client) + 1)
  }

  release(client: string): void {
    const left = this.of(client) - 1
    if (left > 0) this.#held.set(client, left)
    else this.#held.delete(client)
  }
}

/** Questions that one client may have in work. */
export function questionShare({ isLoopback }: Client, limits: ServeLimits): number {
  return isLoopback ? limits.MAX_IN_WORK_PER_LOOPBACK_CLIENT : limits.MAX_IN_WORK_PER_CLIENT
}

/** Connections that one client may have open. */
export function connectionShare({ isLoopback }: Client, limits: ServeLimits): number {
  return isLoopback ? limits.MAX_TCP_CONNECTIONS_PER_LOOPBACK_CLIENT : limits.MAX_TCP_CONNECTIONS_PER_CLIENT
}

/**
 * DNSBomb (CVE-2024-33655): an attacker spoofs its victim's address, collects slow questions for 10 s, and lets all
 * answers go in one burst. Unbound discards every UDP answer later than 1.9 s; but a cold chain may honestly take that
 * long, and stubs such as glibc wait 5 s. So late answers are only discarded while so many others are pending for the
 * same client that their burst would hurt. TCP clients are not spoofed, and neither is loopback from outside.
 */
export function isBurst(elapsedMs: number, pending: number, limits: ServeLimits): boolean {
  return elapsedMs > limits.DISCARD_AFTER_MS && pending > limits.DISCARD_ABOVE_PENDING
}

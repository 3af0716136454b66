import type { Name } from '../dns/index.ts'
import type { Dns64Options } from './local/dns64.ts'
import type { RebindingOptions } from './local/rebinding.ts'

/** What an operator can choose about answering. */
export interface ResolverOptions {
  /** `race`: ring first, own iteration after the hedge delay; `ring`: iteration only when the ring has not enough; `iterate`: the ring only when iteration failed. */
  readonly order: 'race' | 'ring' | 'iterate'
  /** Ms before own iteration starts beside a ring read; `auto`: the recent p90 of ring reads. */
  readonly hedgeMs: 'auto' | number
  /** Refuse `solo` answers. */
  readonly strict: boolean
  /** RFC 8767: expired answers when fresh ones do not come. */
  readonly serveStale: boolean
  /** Ask again for names that are still asked for when their records are about to expire. */
  readonly prefetch: boolean
  /** What fails validation is logged, and served without AD. */
  readonly logOnly?: boolean
  /** Names of time servers: what they are aliases of is validated as they are (`RecurseRequest.forTimeServer`). */
  readonly ntpNames?: readonly Name[]
  /** AAAA answers made of A answers; undefined: none. */
  readonly dns64?: Dns64Options | undefined
  /** Private addresses are taken out of answers for public names; undefined: they are not. */
  readonly rebinding?: RebindingOptions | undefined
}

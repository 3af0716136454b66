/** What an operator can choose about answering. */
export interface ResolverOptions {
  /** `race`: ring first, own iteration after the hedge delay; `ring`: iteration only when the ring has not enough; `iterate`: the ring only when iteration failed. */
  readonly order: 'race' | 'ring' | 'iterate'
  /** Ms before own iteration starts beside a ring read; `auto`: the recent p90 of ring reads. */
  readonly hedgeMs: 'auto' | number
  /** Refuse `solo` answers. */
  readonly strict: boolean
}

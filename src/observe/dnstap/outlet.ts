/** Where dnstap frames go. What it is told comes in this order: `open`, `write` as often as wanted, `finish`; after a failure `open` again. */
export interface Outlet {
  /** Resolves when frames may come; rejects where that fails. `onGone`: nobody reads any more, told at most once for each `open`. */
  open(onGone: () => void): Promise<void>
  /** Whole frames. Resolves when the system has taken all of them; rejects when they are lost, all or in part. One at a time. */
  write(bytes: Uint8Array): Promise<void>
  /** Says that this was all, and lets go. Never rejects. */
  finish(): Promise<void>
  /** Lets go at once. Whatever `open`, `write` or `finish` is waiting for ends soon. */
  destroy(): void
}

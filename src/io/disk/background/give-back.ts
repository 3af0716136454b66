/** What `node --expose-gc` puts into each thread. */
type Collect = (options: { readonly type: 'major'; readonly execution: 'sync'; readonly flavor: 'last-resort' }) => void

/** Gives memory back to the system that this thread's start has left, where Node was told to allow it: some 20 ms (docs/decisions/0185). The only kind of collection that makes the young generation small again. */
export function giveBack(): void {
  const { gc } = globalThis as { readonly gc?: Collect }
  gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

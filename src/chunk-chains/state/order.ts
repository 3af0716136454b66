/** Which of two contents of one question a chain goes on with: total, so that nothing that was replaced can come back. Pure. */
import { compareDated } from '../../chunks/index.ts'
import type { StateRecord } from './state.ts'

export type Standing = Pick<StateRecord, 'class' | 'digest' | 'seen' | 'expires'>

/** Above 0: `a` takes the place of `b`. Signed before agreed; then what was seen, or signed, later; see `chunks/entries/order.ts`. */
export function compareRecords(a: Standing, b: Standing): number {
  const [isSignedA, isSignedB] = [a.class === 'signed', b.class === 'signed']
  if (isSignedA !== isSignedB) return Number(isSignedA) - Number(isSignedB)
  return isSignedA ? a.seen - b.seen || a.expires - b.expires || compareDated(a, b) : compareDated(a, b)
}

/** Who has a seat in the next epoch: the top K by score (N10, N11), and turns among those who are equally good (D1, M18). Pure. */
import { compareBytes } from '../../../base/index.ts'
import { limits } from '../../limits.ts'

export interface SeatCandidate {
  readonly account: Uint8Array
  readonly score: number
  /** It has a seat now. */
  readonly isSeated: boolean
  /** Epoch in which it took or left a seat last. */
  readonly turn: number
}

/** Grows with age and with blocks that were verified lately, each up to a bound: nobody is ahead for ever (M18). */
export function scoreOf({ ageEpochs, verified }: { readonly ageEpochs: number; readonly verified: number }): number {
  const age = Math.min(ageEpochs, limits.MAX_AGE_EPOCHS)
  return age + Math.floor((verified * limits.MAX_AGE_EPOCHS) / limits.MAX_VERIFIED)
}

/** After an epoch: an eighth is forgotten; who had a seat gets what it signed, per hundred blocks; who had none comes nearer to the best, so that in the long run all are equal (D1). */
export function verifiedAfter(
  before: number,
  seat: { readonly signed: number; readonly blocks: number } | undefined,
): number {
  const left = before - Math.floor(before / 8)
  if (seat === undefined) return before + Math.ceil((limits.MAX_VERIFIED - before) / 16)
  const hundredth = Math.floor((Math.min(seat.signed, seat.blocks) * 100) / Math.max(1, seat.blocks))
  return Math.min(limits.MAX_VERIFIED, left + hundredth)
}

/** Accounts of those who are to have a seat, sorted. */
export function chooseSeats(candidates: readonly SeatCandidate[], seats: number): Uint8Array[] {
  const ranked = [...candidates].sort(
    (a, b) =>
      b.score - a.score ||
      Number(b.isSeated) - Number(a.isSeated) ||
      a.turn - b.turn ||
      compareBytes(a.account, b.account),
  )
  const inside = ranked.slice(0, seats)
  const outside = ranked.slice(seats)
  // Turns: who waited longest takes the seat of one that is not better and has had it longest.
  for (let turns = Math.max(1, Math.floor(seats / limits.SEATS_A_TURN)); turns > 0; turns--) {
    const comes = longest(outside)
    const goes = comes && longest(inside.filter((one) => one.isSeated && one.score <= comes.score))
    if (comes === undefined || goes === undefined) break
    inside.splice(inside.indexOf(goes), 1, comes)
    outside.splice(outside.indexOf(comes), 1)
  }
  return inside.map(({ account }) => account).sort(compareBytes)
}

/** Of the best score among them, who has been where it is for longest. */
function longest(all: readonly SeatCandidate[]): SeatCandidate | undefined {
  return [...all].sort((a, b) => b.score - a.score || a.turn - b.turn || compareBytes(a.account, b.account))[0]
}

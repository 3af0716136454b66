/** What of a state is still missing while it comes in pieces: ranges of paths, of which pieces take the beginnings away. */
import { limits } from '../limits.ts'
import { comparePaths, type PathRange } from '../trees/proofs/verify.ts'
import type { Gap } from './rows.ts'

export const WHOLE: Gap = { from: new Uint8Array(32), to: undefined }

/** Whether a piece begins where a gap does, and ends inside it. */
export function gapOf(gaps: readonly Gap[], { from, to }: PathRange): Gap | undefined {
  const gap = gaps.find((one) => comparePaths(one.from, from) === 0)
  if (gap === undefined || gap.to === undefined) return gap
  return to !== undefined && comparePaths(to, gap.to) <= 0 ? gap : undefined
}

/**
 * The gaps when a piece has filled the beginning of one. The first piece shows how dense the state is: what is left is split then, so that
 * several sources can be asked at once.
 */
export function afterPiece(gaps: readonly Gap[], { from, to }: PathRange): Gap[] {
  return gaps.flatMap((gap) => {
    if (comparePaths(gap.from, from) !== 0) return [gap]
    if (to === undefined || (gap.to !== undefined && comparePaths(to, gap.to) === 0)) return []
    const rest = { from: to, to: gap.to }
    return comparePaths(from, WHOLE.from) === 0 && gap.to === undefined ? split(rest) : [rest]
  })
}

/** In parts of a few pieces each, if the rest is as dense as what came before it. */
function split({ from }: Gap): Gap[] {
  const done = Math.max(fractionOf(from), 1 / 2 ** 40)
  const parts = Math.min(limits.MAX_GAPS, Math.max(1, Math.ceil((1 - done) / done / limits.PIECES_OF_A_GAP)))
  const starts = [from]
  for (let i = 1; i < parts; i++) starts.push(pathAt(done + ((1 - done) * i) / parts))
  return starts.map((start, i) => ({ from: start, to: starts[i + 1] }))
}

/** Where a path is among all paths, 0 to 1; by its first six bytes. */
export function fractionOf(path: Uint8Array): number {
  let fraction = 0
  for (let i = 5; i >= 0; i--) fraction = (fraction + path[i]!) / 256
  return fraction
}

function pathAt(fraction: number): Uint8Array {
  const path = new Uint8Array(32)
  let rest = fraction
  for (let i = 0; i < 6; i++) {
    rest *= 256
    path[i] = Math.floor(rest)
    rest -= path[i]!
  }
  return path
}

/** QNAME minimisation (RFC 9156): each server learns no more of the name than it needs to refer us on. */
import { type Name, type Question, suffixName, Type } from '../dns/index.ts'
import { limits } from './limits.ts'

/**
 * `strict`: an NXDOMAIN for a shorter name is the answer (RFC 8020). `relaxed`: it makes us ask the full name, since broken
 * servers say so for empty non-terminals. `off`: always the full name.
 */
export type MinimiseMode = 'strict' | 'relaxed' | 'off'

export interface MinimiseState {
  readonly mode: MinimiseMode
  /** Labels of the longest name that this zone's servers have shown to exist, or of the zone itself. */
  readonly known: number
  /** Queries so far that were not for the full name. */
  readonly steps: number
}

/**
 * The next question on the way to `target`. When the name it gives is the target's own, it is the target itself, type and all.
 * Intermediate names are asked for with type A (RFC 9156 section 2.1).
 */
export function nextMinimised(target: Question, state: MinimiseState): Question {
  const total = target.name.labels
  if (state.mode === 'off' || state.steps >= limits.MAX_MINIMISE_STEPS) return target
  let labels = Math.min(total, state.known + labelsToAdd(total - state.known, state.steps))
  // RFC 9156 section 2.3: names with an underscore are no zone cuts in practice, and trip servers up.
  while (labels < total && startsWithUnderscore(target.name, labels)) labels++
  if (labels >= total) return target
  return { name: suffixName(target.name, labels), type: Type.A, class: target.class }
}

/** RFC 9156 section 2.3: one label each for the first four steps, then the rest in equal parts over the steps left. */
function labelsToAdd(missing: number, steps: number): number {
  if (steps < limits.MINIMISE_ONE_LABEL) return 1
  return Math.max(1, Math.ceil(missing / (limits.MAX_MINIMISE_STEPS - steps)))
}

function startsWithUnderscore(name: Name, labels: number): boolean {
  return suffixName(name, labels).wire[1] === 0x5f
}

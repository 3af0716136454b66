/** A delayed Internet of which some zones are signed, or all. */
import { signWorld, type WorldSpec } from '../lib/world-parts.ts'
import type { DelayedWorld } from './delayed.ts'

export interface SignedSpec {
  readonly spec: WorldSpec
  /** DS line of the root; undefined: nothing is signed, and nothing validated. */
  readonly anchor: string | undefined
}

/** Of every hundred leaf zones so many are signed, with all that is above them; 100: every zone there is; 0: none. */
export function signedSpec({ spec }: DelayedWorld, percent: number): SignedSpec {
  if (percent === 0) return { spec, anchor: undefined }
  const chosen = spec.zones.filter(({ origin }) => percent === 100 || isChosen(origin, percent))
  const signed = signWorld(spec, Object.fromEntries(chosen.map(({ origin }) => [origin, {}])))
  return { spec: signed.spec, anchor: signed.anchorText }
}

function isChosen(origin: string, percent: number): boolean {
  const leaf = /^zone(\d+)\./.exec(origin)
  if (leaf !== null) return (Number(leaf[1]) * 37) % 100 < percent
  return !/^(provider|cdn|edge|dept)/.test(origin)
}

/** CDS sets that change the keys of a name: as its servers have them, wrong ones, and old ones that somebody has kept. */
import { equalBytes, toHex } from '../../../../src/base/index.ts'
import { nameRecordOf, updateByCdsPayload } from '../../../../src/ledger/index.ts'
import { ZONE_KEYS } from '../zones.ts'
import { type Act, type Acting, anybody, labelOf, one } from './acting.ts'

const WEEK_S = 7 * 86_400

export function updateByCds(acting: Acting): Act {
  const { random, cast, chainName, state, now, cdsMade } = acting
  const label = labelOf(acting)
  const anchored = nameRecordOf(state(), label)?.settings?.ds[0]
  const zone = cast.zones.of(chainName, label)
  const keys = Array.from({ length: ZONE_KEYS }, (_, i) => i)
  // What somebody has kept is best brought again when the key that signed it is the anchored one.
  const kept = cdsMade.filter(({ deed }) => anchored !== undefined && equalBytes(deed.by, anchored))
  if (kept.length > 0 && random.below(3) === 0) return { actor: anybody(acting), ...one(random, kept) }
  const current = keys.find((key) => anchored !== undefined && equalBytes(zone.ds(key), anchored)) ?? 0
  const others = keys.filter((key) => key !== current)
  const next = random.below(10) === 0 ? current : one(random, others)
  const by = random.below(8) === 0 ? one(random, others) : current
  const sign = random.below(8) === 0 ? [one(random, keys)] : [...new Set([current, next])]
  const at = Math.floor(now() / 1_000)
  const from = at - one(random, [-WEEK_S, 0, 0, 0, 1, 60, 3_600, 7_201, WEEK_S])
  const until = random.below(12) === 0 ? at - 1 : at + 8 * WEEK_S
  const isTrue = random.below(12) > 0
  const made = {
    payload: updateByCdsPayload(label, zone.cds({ next, by, keys: sign, from, until, isTrue })),
    deed: {
      kind: 'updateByCds' as const,
      label: toHex(label),
      next: zone.ds(next),
      by: zone.ds(by),
      keys: sign.map((key) => zone.ds(key)),
      from,
      until,
      isTrue,
    },
  }
  cdsMade.push(made)
  return { actor: anybody(acting), ...made }
}

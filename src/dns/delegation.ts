/** The parts of a delegation that have terms of their own. */
import type { Delegation } from './types.ts'

/** Seconds that the DS set holds, or the proof that there is none; undefined when the delegation says nothing of DS. */
export function dsTtlOf({ ds, proofs }: Delegation): number | undefined {
  const sets = ds === undefined ? proofs : [ds]
  return sets.length === 0 ? undefined : Math.min(...sets.map((set) => set.ttl))
}

/** The same with nothing said of DS. */
export function lessDs(delegation: Delegation): Delegation {
  return { ...delegation, ds: undefined, proofs: [] }
}

/** The same as it is so many seconds later: TTLs are what is left of them, and parts that have ended are gone. */
export function agedDelegation(delegation: Delegation, seconds: number): Delegation {
  const left = (ttl: number) => Math.max(0, Math.floor(ttl - seconds))
  const { addresses, glueTtl } = delegation
  const ds = dsTtlOf(delegation)
  const aged = {
    ...(ds !== undefined && ds <= seconds ? lessDs(delegation) : delegation),
    ttl: left(delegation.ttl),
    addresses: glueTtl !== undefined && glueTtl <= seconds ? new Map() : addresses,
    ...(glueTtl !== undefined && { glueTtl: left(glueTtl) }),
  }
  const older = <T extends { readonly ttl: number }>(set: T): T => ({ ...set, ttl: left(set.ttl) })
  return { ...aged, ds: aged.ds && older(aged.ds), proofs: aged.proofs.map(older) }
}

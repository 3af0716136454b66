/** Whether anybody serves a zone of a ledger: asked of its servers by this node itself, with nothing out of a cache. */
import { Budget, type Clock, isChordnsError } from '../../base/index.ts'
import { Class, type Name, Type } from '../../dns/index.ts'
import type { RecurseFailure, Recursor } from '../../recurse/index.ts'
import { type Resolver, resolverLimits } from '../../resolver/index.ts'

export interface UseLooksDeps {
  readonly resolver: Pick<Resolver, 'resolve'>
  readonly recursor: Pick<Recursor, 'resolve' | 'contextOf' | 'prime'>
  readonly clock: Clock
}

/** So long it is believed that this node reaches servers, once one has answered. */
const REACHES_MS = 60_000

/** A server that answers serves, be what it says signed by other keys or refused by nobody; a zone is not kept by being wrong, nor lost. */
export function useLooks(deps: UseLooksDeps): (zone: Name, signal: AbortSignal) => Promise<boolean | undefined> {
  const { resolver, recursor, clock } = deps
  let sawSomebody = Number.NEGATIVE_INFINITY
  return async (zone, signal) => {
    const question = { name: zone, type: Type.SOA, class: Class.IN }
    // As a stub's question it learns where the zone is anchored.
    await resolver.resolve({
      question,
      recursionDesired: true,
      checkingDisabled: true,
      dnssecOk: false,
      authenticData: false,
      client: 'use',
      signal,
    })
    if (!recursor.contextOf(question).startsWith('ledger:')) return undefined
    const budget = new Budget(resolverLimits.REFRESH, () => clock.monotonic())
    try {
      await recursor.resolve({ question, budget, signal, origin: 'own', checkingDisabled: true, fresh: true })
      sawSomebody = clock.monotonic()
      return true
    } catch (error) {
      if (!isChordnsError(error) || error.code === 'ABORTED') throw error
      if ((error.detail as Partial<RecurseFailure>).isOurs === true) return undefined
      // A node that reaches nobody says nothing of others.
      return clock.monotonic() - sawSomebody < REACHES_MS || (await reachesAnybody()) ? false : undefined
    }
  }

  async function reachesAnybody(): Promise<boolean> {
    try {
      await recursor.prime(new AbortController().signal)
      sawSomebody = clock.monotonic()
      return true
    } catch (error) {
      if (!isChordnsError(error)) throw error
      return false
    }
  }
}

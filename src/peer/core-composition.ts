/**
 * The core with what the ring knows, on ports that are handed in, as the simulator has them too. Apart from composition.ts, which loads all rooms
 * that speak with peers: a node without a ring has a core alone.
 */
import type { Config } from '../config/index.ts'
import { watchedCache } from '../household/watched-cache.ts'
import type { PeerRooms } from './composition.ts'
import { Core, type CoreDeps, type CoreHooks } from './core/core.ts'

/** What the core asks of the rest of the node, which begins after it. */
export interface CoreSurroundings
  extends Pick<
    CoreHooks,
    | 'filter'
    | 'ownListeners'
    | 'rootAnchors'
    | 'ledger'
    | 'makeAnchors'
    | 'nameProofs'
    | 'kept'
    | 'localLayers'
    | 'bridge'
  > {
  /** Undefined as long as there is no ring. */
  readonly peers: () => Pick<PeerRooms, 'ring' | 'chunks' | 'household'> | undefined
}

/** Own iteration and the resolver, with what the ring has; what is found is told to the household. */
export function composeCore(deps: CoreDeps, config: Config, around: CoreSurroundings): Core {
  const { peers, ownListeners, rootAnchors, ledger, makeAnchors, nameProofs, kept, localLayers, bridge, filter } =
    around
  return new Core(
    { ...deps, cache: watchedCache(deps.cache, () => peers()?.household?.watcher) },
    {
      ownListeners,
      ledger,
      ...(makeAnchors !== undefined && { makeAnchors }),
      nameProofs,
      kept,
      localLayers,
      bridge,
      ...(filter !== undefined && { filter }),
      ...(rootAnchors !== undefined && { rootAnchors }),
      // What a household's ring knows, this node knows. A ring of one that nobody asked for: there is nobody to tell.
      chunks() {
        const rooms = peers()
        const isAlone = config.ring.byDefault && (rooms?.ring.members().length ?? 0) < 2
        return isAlone || rooms?.household?.isWhole() === true ? undefined : rooms?.chunks
      },
      toldBy: (question) => peers()?.household?.sourceOf(question),
      takeTold: () => peers()?.household?.takeWaiting() ?? false,
    },
    config,
  )
}

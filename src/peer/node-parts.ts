/** What a node is made of, and what it is made with. */
import type { ChordnsError, Clock, Log, Random } from '../base/index.ts'
import type { Cache, CacheContents, WarmCache } from '../cache/index.ts'
import type { Config } from '../config/index.ts'
import type { SystemExchange } from '../io/index.ts'
import type { Metrics, StatusServer } from '../observe/index.ts'
import type { AnchorFollower } from '../recurse/index.ts'
import type { FrontEnd } from '../serve/index.ts'
import type { CdsCarrier } from './carrying/carrier.ts'
import type { MakeAnchors } from './core/anchors.ts'
import type { Core } from './core/core.ts'
import type { ShownSettings } from './dashboard.ts'
import type { DataFile } from './disk.ts'
import type { Filtering } from './filtering/filtering.ts'
import type { DeviceWatch } from './home/device-watch.ts'
import type { MdnsBridge } from './home/mdns.ts'
import type { SharedNames } from './home/shared-names.ts'
import type { QueryLog } from './query-log.ts'
import type { QueryWatch } from './query-watch.ts'
import type { Peers } from './ring.ts'
import type { QueryTap } from './tapping/query-tap.ts'
import type { WaitingRing } from './waiting-ring.ts'

/** What a node is made of, in the order in which it is made; each part may ask for a later one, but only once it runs. */
export interface NodeParts {
  broken: PromiseWithResolvers<ChordnsError>
  dataFile: DataFile | undefined
  cache: Cache & CacheContents
  exchange: SystemExchange
  keys: AnchorFollower
  /** Undefined as long as no configuration in force needed it. */
  makeAnchors: MakeAnchors | undefined
  core: Core
  filtering: Filtering
  warm: WarmCache | undefined
  /** Undefined as long as the ring waits, too. */
  peers: Peers | undefined
  /** Undefined where the ring has begun with the node, or there is none. */
  waiting: WaitingRing | undefined
  /** Undefined without a ring. */
  sharedNames: SharedNames | undefined
  /** Undefined: they are not looked for. */
  devices: DeviceWatch | undefined
  /** Undefined: names of `local` do not exist. */
  bridge: MdnsBridge | undefined
  carrier: CdsCarrier | undefined
  queryLog: QueryLog
  watch: QueryWatch
  /** Undefined as long as no configuration in force had a reader for dnstap. */
  tap: QueryTap | undefined
  frontEnd: FrontEnd
  metrics: Metrics
  status: StatusServer | undefined
  /** For the LAN. */
  dashboard: StatusServer | undefined
  /** The configuration that is in force, and how its owner wrote it. */
  inForce: Config
  shown: ShownSettings | undefined
}

export interface Machine {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

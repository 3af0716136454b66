/** What the benchmarks take from the embedded world of the tests. */
export { type Cluster, NODE_FLAGS, type PeerProcess, parseReady, startCluster } from '../../test/world/cluster.ts'
export {
  type Asked,
  type AskFlags,
  type AskQuestion,
  ask,
  type Behaviour,
  composeSpec,
  createWorld,
  signWorld,
  simpleSpec,
  simpleWorld,
  type World,
  type WorldPlan,
  type WorldSpec,
  type ZonePlan,
} from '../../test/world/index.ts'

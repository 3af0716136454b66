/**
 * The ports of base/ on a real machine. Only peer/ imports this room.
 *
 * - `createLibp2pTransport`, `startRendezvous`: peers. They load libp2p when they are called, not before.
 * - `createExchange`: queries to authorities by UDP and TCP.
 * - `startDiskThread`: data that outlives the process, written by a thread of its own; `openSqliteStore`: the same by the thread that
 *   calls; `loadSecret`, `loadOrCreateIdentity`: keys in files; `readTextFile`,
 *   `replaceTextFile`: small files.
 * - `startCallThread`, `answerCalls`: both sides of a thread that works for this one.
 * - `systemClock`, `systemRandom`, `localAddresses`: the machine itself.
 */
export { systemClock } from './clock.ts'
export type { BackgroundStore } from './disk/background/background-store.ts'
export { type DiskThread, startDiskThread } from './disk/background/disk-thread.ts'
export {
  createIdentity,
  createSecret,
  isMarkedUsed,
  loadOrCreateIdentity,
  loadOrCreateSecret,
  loadOrCreateSeed,
  loadSecret,
  loadSeed,
  markUsed,
  replaceSecret,
  type SeedKind,
  writeNewPrivateFile,
} from './disk/keys.ts'
export type { SqliteStoreOptions } from './disk/sqlite-file.ts'
export { openSqliteStore, type SqliteStore } from './disk/sqlite-store.ts'
export { readTextFile, replaceTextFile } from './disk/text-file.ts'
export { lanTag } from './finding/lan-tag.ts'
export { rendezvousKey } from './finding/rendezvous-key.ts'
export { hasAddress, localAddresses } from './interfaces.ts'
export { limits as ioLimits } from './limits.ts'
export { createLibp2pTransport, startRendezvous } from './peers/lazy.ts'
export { systemRandom } from './random.ts'
export { answerCalls, type CallMethods } from './threads/answering.ts'
export { type CallThread, type CallThreadDeps, type CallThreadHooks, startCallThread } from './threads/call-thread.ts'
export { createExchange, type ExchangeOptions, type SystemExchange } from './upstream/exchange.ts'

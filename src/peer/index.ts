/**
 * The composition root: one running node from a configuration. It alone sees every room and the machine (io/): what one room
 * needs of another is handed to it here.
 *
 * - `startNode` (node.ts) makes and ends the whole: core, ring, front end, status API.
 * - core/ is what a reload replaces: own iteration and the resolver.
 * - ring.ts is the side towards other peers; rooms.ts has the bytes by which peers and files tell the rooms apart.
 * - disk.ts, root-keys.ts: what is kept between two runs.
 * - guests.ts is the door for who was invited, joining.ts the way to it.
 * - `verifyOffline` (offline.ts) checks the stored chains, `checkConfigFiles` (check.ts) the files of a configuration, both
 *   without a running node.
 * - ledger/ is the ledgers' side of the node: keys, genesis, running chains.
 * - status.ts and views.ts: what a node says of itself, as JSON.
 *
 * The command line uses this file and, for what it does with ledgers and names, ledgers.ts; nothing else of the room. What only a running node needs is
 * loaded by the function that needs it: a command that makes a key does not load a resolver.
 */

import type { checkConfigFiles as Check } from './check.ts'
import type { startNode as Start } from './node.ts'
import type { verifyOffline as Verify } from './offline.ts'

export {
  createIdentity as createIdentityFile,
  createSecret as createSecretFile,
  loadSecret as loadSecretFile,
  replaceSecret as replaceSecretFile,
  replaceTextFile as writeTextFile,
} from '../io/index.ts'
export {
  decodeToken,
  encodeToken,
  type JoinToken,
  type RingKey,
  ringLimits,
} from '../ring/index.ts'
export { chunkBitsOf } from './constants.ts'
export { dashboardKey, keepDashboardPassword } from './dashboard-files.ts'
export { type InviterFiles, makeInvitation, makeRevocation, redeemToken } from './joining.ts'
export type { RunningNode, StartOptions } from './node.ts'
export type { VerifiedOffline } from './offline.ts'
export {
  type CertificateSummary,
  certificateBytes,
  needsTls,
  prepareTls,
  summaryOf as certificateSummary,
} from './tls/credentials.ts'

/** As `startNode` of node.ts. */
export const startNode: typeof Start = async (options) => (await import('./node.ts')).startNode(options)

/** As `verifyOffline` of offline.ts. */
export const verifyOffline: typeof Verify = async (...args) => (await import('./offline.ts')).verifyOffline(...args)

/** As `checkConfigFiles` of check.ts. */
export const checkConfigFiles: typeof Check = async (config) => (await import('./check.ts')).checkConfigFiles(config)

/** As `tellSupervisor` of serve/. */
export async function tellSupervisor(state: 'READY=1' | 'STOPPING=1'): Promise<void> {
  const serve = await import('../serve/index.ts')
  serve.tellSupervisor(state)
}

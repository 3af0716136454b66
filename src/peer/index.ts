/** One running node from a configuration: all that `cli/` may use. Start with `startNode`. */
export { decodeInvitation, encodeInvitation, type Invitation, MAX_INVITED_ADDRESSES } from '../ring/index.ts'
export {
  createIdentityFile,
  createSecretFile,
  loadSecretFile,
  type NodeOptions,
  type RunningNode,
  replaceSecretFile,
  startNode,
  writeTextFile,
} from './node.ts'
export { type VerifiedOffline, verifyOffline } from './offline.ts'
export { questionText } from './views.ts'

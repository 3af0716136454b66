/** What the page has: the verifier of proofs, with the signatures of @noble, and its verdict in words. */
export { fromHex, toHex } from '../../src/base/index.ts'
export { bytesOfFile, verify } from './given.ts'
export { report } from './report.ts'

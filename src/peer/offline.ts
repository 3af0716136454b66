/** `chordns chain verify` without a running node: the stored chains, straight from the data directory. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../base/index.ts'
import { verifyChains } from '../chunk-chains/index.ts'
import type { Config } from '../config/index.ts'
import { ed25519, ed25519Signer } from '../crypto/index.ts'
import { loadOrCreateIdentity } from '../io/index.ts'
import type { VerifyView } from '../observe/index.ts'
import { chunkBitsStored } from './constants.ts'
import { openStoredChains } from './disk.ts'
import { viewVerify } from './views.ts'

export interface VerifiedOffline {
  readonly report: VerifyView
}

/** Damaged values are counted by the report, not by a log. */
const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} }

/**
 * Checks all stored chains. Undefined when the data directory holds none. Throws STORE_BUSY while the node runs, and
 * STORE_UNAVAILABLE when a file cannot be read.
 */
export async function verifyOffline(
  config: Config,
  onProgress: (report: VerifyView) => void,
): Promise<VerifiedOffline | undefined> {
  const stored = openStoredChains(config.data, quiet)
  if (stored === undefined) return undefined
  try {
    const identity = join(config.data, 'identity.key')
    const publicKey = existsSync(identity) ? ed25519Signer(await loadOrCreateIdentity(identity)).publicKey : undefined
    const work = verifyChains({
      store: stored.chains,
      votes: stored.votes,
      scheme: ed25519,
      chunkBits: chunkBitsStored(config),
      publicKey,
      damaged: stored.damaged,
    })
    for (;;) {
      const next = work.next()
      if (next.done === true) return { report: viewVerify(next.value) }
      onProgress(viewVerify(next.value))
    }
  } finally {
    stored.close()
  }
}

/** The root's keys, followed by RFC 5011, with their state in the data directory. */
import { join } from 'node:path'
import { ChordnsError, type Clock, type Log } from '../base/index.ts'
import { ROOT_ANCHORS, supportedAlgorithms, supportedDigests } from '../dnssec/index.ts'
import { readTextFile, replaceTextFile } from '../io/index.ts'
import { AnchorFollower, type Recursor } from '../recurse/index.ts'

const FILE = 'trust-anchors.txt'

export interface RootKeysDeps {
  /** The data directory. */
  readonly data: string
  readonly clock: Clock
  readonly log: Log
}

export interface RootKeysHooks {
  /** Fetches the root's keys; called when they are due, not before. */
  readonly recursor: () => Recursor
  /** False: nothing is validated by the root's built-in keys now, and they are not fetched. */
  readonly isNeeded: () => boolean
  /** A key that answers were validated by is trusted no more: they must be forgotten. */
  readonly onRevoked: () => void
}

/** Throws DNSSEC_BAD_STATE when the stored state cannot be read. */
export function rootKeys({ data, clock, log }: RootKeysDeps, hooks: RootKeysHooks): AnchorFollower {
  const file = join(data, FILE)
  const stored = readTextFile(file)
  try {
    // The root has never used SHA-1 for what it is trusted by.
    const rules = {
      algorithms: supportedAlgorithms({ sha1: 'insecure' }),
      digests: supportedDigests({ sha1: 'insecure' }),
    }
    return new AnchorFollower(
      { configured: ROOT_ANCHORS[0]!, rules, clock, log, stored },
      { ...hooks, save: (text) => replaceTextFile(file, text) },
    )
  } catch (cause) {
    if (!(cause instanceof ChordnsError)) throw cause
    const text = `${file}: ${cause.message}; correct it, or remove it to begin again with the built-in keys`
    throw new ChordnsError(cause.code, text, { ...cause.detail, file }, { cause })
  }
}

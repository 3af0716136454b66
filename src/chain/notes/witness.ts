/** The rule of witnesses (C2SP tlog-witness): whoever has seen a log once sees only what it has become, and never another. */
import { limits } from '../limits.ts'
import { malformed } from '../reading.ts'
import { verifyConsistency } from '../trees/history.ts'
import type { Checkpoint } from './checkpoint.ts'
import { fromBase64, noteBytes, toBase64 } from './note.ts'

/** The body of `add-checkpoint`. */
export interface AddCheckpoint {
  readonly oldSize: number
  readonly proof: readonly Uint8Array[]
  /** The note as it came. */
  readonly note: Uint8Array
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function encodeAddCheckpoint({ oldSize, proof, note }: AddCheckpoint): Uint8Array {
  const head = `old ${oldSize}\n${proof.map((hash) => `${toBase64(hash)}\n`).join('')}\n`
  return noteBytes(head + utf8.decode(note))
}

/** Throws CHAIN_MALFORMED. */
export function decodeAddCheckpoint(bytes: Uint8Array): AddCheckpoint {
  // As many hashes as the format allows, in base64, before the note.
  if (bytes.length > limits.MAX_NOTE_BYTES + 4_096) throw malformed(`a checkpoint of ${bytes.length} bytes`)
  const text = textOf(bytes)
  const end = text.indexOf('\n\n')
  const [first, ...lines] = text.slice(0, end).split('\n')
  const size = /^old (0|[1-9][0-9]{0,15})$/.exec(first ?? '')?.[1]
  if (end < 0 || size === undefined || lines.length > MAX_PROOF_LINES)
    throw malformed('the head of an added checkpoint')
  const proof = lines.map(fromBase64)
  if (proof.some((hash) => hash.length !== 32)) throw malformed('a hash of an added checkpoint')
  return { oldSize: Number(size), proof, note: noteBytes(text.slice(end + 2)) }
}

/** What the format allows. */
const MAX_PROOF_LINES = 63

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw malformed('an added checkpoint that is not UTF-8', cause)
  }
}

/** What a witness holds of a log; undefined: nothing yet. */
export type Witnessed = Pick<Checkpoint, 'size' | 'root'> | undefined

/**
 * Whether a checkpoint whose signatures hold may follow what is held. `stale`: the sender must begin at the size that is held. `fork`: the
 * two cannot be of one log: both notes together are evidence. `unproven`: the proof does not show it.
 */
export type WitnessVerdict = 'follows' | 'same' | 'stale' | 'unproven' | 'fork'

export function witnessVerdict(
  held: Witnessed,
  next: Pick<Checkpoint, 'size' | 'root'>,
  oldSize: number,
  proof: readonly Uint8Array[],
): WitnessVerdict {
  if (oldSize !== (held?.size ?? 0)) return 'stale'
  if (oldSize > next.size) return 'unproven'
  // Nothing is a beginning of every log.
  if (held === undefined || held.size === 0) return proof.length === 0 ? 'follows' : 'unproven'
  if (held.size === next.size) {
    const isSame = held.root.every((byte, i) => byte === next.root[i])
    return isSame ? (proof.length === 0 ? 'same' : 'unproven') : 'fork'
  }
  return verifyConsistency(held.size, next.size, held.root, next.root, proof) ? 'follows' : 'unproven'
}

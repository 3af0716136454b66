/** Checkpoints of a log (C2SP tlog-checkpoint), and the cosignatures that make them count (tlog-cosignature, cosignature/v1). */
import { compareBytes, concatBytes, equalBytes, toHex } from '../../base/index.ts'
import type { SignatureScheme, Signer } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { malformed } from '../reading.ts'
import type { Validator } from '../types.ts'
import {
  decodeNote,
  fromBase64,
  isOfKey,
  type Note,
  type NoteKey,
  type NoteSignature,
  noteBytes,
  noteKeyHash,
  toBase64,
} from './note.ts'

export interface Checkpoint {
  readonly origin: string
  /** Headers in the log: for a chain, a height. */
  readonly size: number
  readonly root: Uint8Array
}

const COSIGNATURE = 4
const TIME_BYTES = 8
const SIGNATURE_BYTES = 64

/** What the checkpoints of a chain are called. */
export function originOf(ringId: string, chainName: string): string {
  return `chordns/${escaped(ringId)}/${escaped(chainName)}`
}

/** Unlike `encodeURIComponent`, nothing but letters, digits and four signs is left as it is. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`
}

/** Throws CHAIN_MALFORMED. Lines after the third one are passed over, as the format wants it. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, root] = text.split('\n')
  if (origin === undefined || origin === '' || size === undefined || root === undefined) throw malformed('a checkpoint')
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || Number(size) > limits.MAX_HEIGHT) throw malformed('size of a checkpoint')
  const hash = fromBase64(root)
  if (hash.length !== 32) throw malformed('root of a checkpoint')
  return { origin, size: Number(size), root: hash }
}

/** The key under which a validator cosigns: its voting key, named by its id. */
export function cosignerKey({ id, publicKey }: Validator): NoteKey {
  return { name: toHex(id), kind: COSIGNATURE, publicKey }
}

/** `seconds`: Unix time. */
export function cosign(signer: Signer, id: Uint8Array, text: string, seconds: number): NoteSignature {
  const key = cosignerKey({ id, publicKey: signer.publicKey })
  const signature = concatBytes(timeBytes(seconds), signer.sign(cosignedBytes(text, seconds)))
  return { name: key.name, hash: noteKeyHash(key), signature }
}

function cosignedBytes(text: string, seconds: number): Uint8Array {
  return noteBytes(`cosignature/v1\ntime ${seconds}\n${text}`)
}

function timeBytes(seconds: number): Uint8Array {
  const bytes = new Uint8Array(TIME_BYTES)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(seconds))
  return bytes
}

/** The time of a cosignature, Unix seconds, if the key made it; undefined: it did not. */
export function cosignedAt(scheme: SignatureScheme, key: NoteKey, { text, signatures }: Note): number | undefined {
  for (const signature of signatures) {
    if (key.kind !== COSIGNATURE || !isOfKey(signature, key)) continue
    const bytes = signature.signature
    if (bytes.length !== TIME_BYTES + SIGNATURE_BYTES) continue
    const seconds = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0))
    if (!Number.isSafeInteger(seconds)) continue
    if (scheme.verify(key.publicKey, cosignedBytes(text, seconds), bytes.slice(TIME_BYTES))) return seconds
  }
  return undefined
}

/** Those of the set that cosigned the note, in the set's order. */
export function cosigners(scheme: SignatureScheme, validators: readonly Validator[], note: Note): Validator[] {
  return validators.filter((one) => cosignedAt(scheme, cosignerKey(one), note) !== undefined)
}

/** Puts the signatures of two notes of one text together; of each key the first one stays. */
export function mergeNotes(a: Note, b: Note): Note {
  const known = (one: NoteSignature) =>
    a.signatures.some((other) => other.name === one.name && equalBytes(other.hash, one.hash))
  const signatures = [...a.signatures, ...b.signatures.filter((one) => !known(one))]
  return {
    text: a.text,
    signatures: signatures.sort((one, two) => compareBytes(noteBytes(one.name), noteBytes(two.name))),
  }
}

/** A checkpoint with its note. Throws CHAIN_MALFORMED. */
export function decodeCheckpointNote(bytes: Uint8Array): { readonly checkpoint: Checkpoint; readonly note: Note } {
  const note = decodeNote(bytes)
  return { checkpoint: parseCheckpoint(note.text), note }
}

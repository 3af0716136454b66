/** Signed notes (C2SP signed-note): a text, an empty line, and a line for each signature. */
import { concatBytes, equalBytes, toHex } from '../../base/index.ts'
import { sha256 } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { malformed } from '../reading.ts'

/** `hash` has four bytes, and says of which key a signature is; `signature` is what follows them. */
export interface NoteSignature {
  readonly name: string
  readonly hash: Uint8Array
  readonly signature: Uint8Array
}

export interface Note {
  /** Ends with a newline. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

const HASH_BYTES = 4
const PREFIX = '\u2014 '
const utf8 = new TextEncoder()
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Control characters but the newline stand in no note. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is they that are looked for
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/

export function encodeNote({ text, signatures }: Note): Uint8Array {
  return utf8.encode(`${text}\n${signatures.map(encodeSignature).join('')}`)
}

/** As a line. */
export function encodeSignature({ name, hash, signature }: NoteSignature): string {
  return `${PREFIX}${name} ${toBase64(concatBytes(hash, signature))}\n`
}

/** Throws CHAIN_MALFORMED. Verifies nothing. */
export function decodeNote(bytes: Uint8Array): Note {
  if (bytes.length > limits.MAX_NOTE_BYTES) throw malformed(`a note of ${bytes.length} bytes`)
  const all = textOf(bytes)
  const end = all.lastIndexOf('\n\n')
  if (end < 0 || !all.endsWith('\n') || CONTROL.test(all)) throw malformed('a note without signatures')
  const lines = all
    .slice(end + 2)
    .split('\n')
    .slice(0, -1)
  if (lines.length === 0 || lines.length > limits.MAX_NOTE_SIGNATURES) throw malformed('a note without signatures')
  return { text: all.slice(0, end + 1), signatures: lines.map(signatureFrom) }
}

function textOf(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes)
  } catch (cause) {
    throw malformed('a note that is not UTF-8', cause)
  }
}

export function signatureFrom(line: string): NoteSignature {
  const [name, encoded, ...rest] = line.startsWith(PREFIX) ? line.slice(PREFIX.length).split(' ') : []
  if (name === undefined || encoded === undefined || rest.length > 0 || !isKeyName(name))
    throw malformed('a signature line of a note')
  const bytes = fromBase64(encoded)
  if (bytes.length <= HASH_BYTES) throw malformed('a signature of a note')
  return { name, hash: bytes.slice(0, HASH_BYTES), signature: bytes.slice(HASH_BYTES) }
}

export function isKeyName(name: string): boolean {
  return name.length > 0 && name.length <= limits.MAX_KEY_NAME_BYTES && !/[\s+]/u.test(name)
}

/** The key of a signer of notes. `kind`: 1 Ed25519 over the text; 4 a cosignature of a checkpoint. */
export interface NoteKey {
  readonly name: string
  readonly kind: number
  readonly publicKey: Uint8Array
}

/** The four bytes by which a signature names its key. */
export function noteKeyHash({ name, kind, publicKey }: NoteKey): Uint8Array {
  return sha256(utf8.encode(`${name}\n`), Uint8Array.of(kind), publicKey).slice(0, HASH_BYTES)
}

/** As text: `<name>+<hash>+<base64>`. */
export function formatNoteKey(key: NoteKey): string {
  return `${key.name}+${toHex(noteKeyHash(key))}+${toBase64(concatBytes(Uint8Array.of(key.kind), key.publicKey))}`
}

/** Throws CHAIN_MALFORMED. */
export function parseNoteKey(text: string): NoteKey {
  const [name, hash, ...rest] = text.split('+')
  const bytes = fromBase64(rest.join('+'))
  if (name === undefined || !isKeyName(name) || bytes.length < 2) throw malformed('a key of notes')
  const key = { name, kind: bytes[0]!, publicKey: bytes.slice(1) }
  if (hash !== toHex(noteKeyHash(key))) throw malformed('a key of notes whose hash is of another')
  return key
}

/** Whether a signature says that it is of the key. */
export function isOfKey(signature: NoteSignature, key: NoteKey): boolean {
  return signature.name === key.name && equalBytes(signature.hash, noteKeyHash(key))
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

/** Standard alphabet with padding, and nothing that would be written another way. Throws CHAIN_MALFORMED. */
export function fromBase64(text: string): Uint8Array {
  let binary: string
  try {
    binary = atob(text)
  } catch (cause) {
    throw malformed('base64', cause)
  }
  if (btoa(binary) !== text) throw malformed('base64')
  return Uint8Array.from(binary, (char) => char.charCodeAt(0))
}

/** Of UTF-8; the caller's text holds no lone surrogates. */
export function noteBytes(text: string): Uint8Array {
  return utf8.encode(text)
}

/**
 * The checkpoint of every hundredth header, cosigned by the validators of its height: each signs it when it has decided the header, and they send
 * each other what they have, until a quorum has signed. A validator never signs two texts of one size.
 */
import { type Cancel, type Clock, concatBytes, equalBytes, isChordnsError, type Store } from '../../base/index.ts'
import { encodeCanonical, type SignatureScheme, type Signer, sha256 } from '../../crypto/index.ts'
import { blockIdOf } from '../blocks/blocks.ts'
import type { HeaderSource } from '../follow/sources.ts'
import { limits } from '../limits.ts'
import {
  type Checkpoint,
  checkpointText,
  cosign,
  cosignedAt,
  cosignerKey,
  decodeCheckpointNote,
  mergeNotes,
  parseCheckpoint,
} from '../notes/checkpoint.ts'
import { decodeNote, encodeNote, isOfKey, type Note, type NoteKey, type NoteSignature } from '../notes/note.ts'
import { quorumOf } from '../options.ts'
import { readCbor, readHash, readHeight, readRow } from '../reading.ts'
import { extendHistory, historyEdge, historyRoot } from '../trees/history.ts'
import type { Validator } from '../types.ts'

const ROW = { SIGNED: 1, COMPLETE: 2, KEPT: 3, OTHER: 4 } as const

export interface CosigningDeps {
  readonly clock: Clock
  readonly scheme: SignatureScheme
  readonly headers: HeaderSource
  readonly origin: string
  /** Undefined: this node only collects. Whether it is of a height's set is looked up. */
  readonly voter: { readonly id: Uint8Array; readonly signer: Signer } | undefined
  /** Of this room and chain alone; it survives the loss of power when it says so. */
  readonly store: Store
  /** Sends a note to one validator, and gives what that one has of the same size; undefined: nothing came. Never rejects. */
  readonly exchange: (to: Validator, note: Uint8Array) => Promise<Uint8Array | undefined>
}

/** Two notes of one size with different roots, each with the cosignatures of it that are known here. */
export interface NotePair {
  readonly size: number
  readonly own: Uint8Array
  readonly other: Uint8Array
}

export interface CosigningHooks {
  /** A checkpoint has a quorum now. */
  readonly onCheckpoint?: (note: Uint8Array, checkpoint: Checkpoint) => void
  /** Somebody's note of a size has another root than this chain, and one more validator has cosigned it: they are among `forks` now. */
  readonly onOther?: (own: Uint8Array, other: Uint8Array) => void
}

export class Cosigning {
  readonly #deps: CosigningDeps
  readonly #hooks: CosigningHooks
  #complete: Uint8Array | undefined
  /** The newest that this node knows the text of. */
  #open: { readonly checkpoint: Checkpoint; readonly validators: readonly Validator[]; note: Note } | undefined
  /** Of the next size, which is not decided here yet. */
  #early: Note | undefined
  /** Texts of other roots than this chain's, by themselves. */
  readonly #others = new Map<string, Note>()
  #cancel: Cancel = () => {}
  #isClosed = false

  constructor(deps: CosigningDeps, hooks: CosigningHooks = {}) {
    this.#deps = deps
    this.#hooks = hooks
    this.#complete = deps.store.get(Uint8Array.of(ROW.COMPLETE))
    for (const [, bytes] of deps.store.range(Uint8Array.of(ROW.OTHER), Uint8Array.of(ROW.OTHER + 1))) {
      const note = decodeNote(bytes)
      this.#others.set(note.text, note)
    }
  }

  /** Notes that cannot both be true, as far as they were shown to this node: evidence against whoever cosigned both. */
  get forks(): readonly NotePair[] {
    return [...this.#others.values()].flatMap((other) => {
      const { size } = parseCheckpoint(other.text)
      const own = this.#ownNote(size)
      return own === undefined ? [] : [{ size, own, other: encodeNote(other) }]
    })
  }

  #ownNote(size: number): Uint8Array | undefined {
    const open = this.#open
    return open?.checkpoint.size === size ? encodeNote(open.note) : this.#deps.store.get(keptKey(size))
  }

  /** The newest that a quorum cosigned, as a note. */
  get checkpoint(): Uint8Array | undefined {
    return this.#complete
  }

  /** The one of that size, as far as it is kept; of size 0: the newest. */
  checkpointOf(size: number): Uint8Array | undefined {
    return size === 0 ? this.#complete : this.#deps.store.get(keptKey(size))
  }

  /** After each decided height, and once at the start: begins the newest checkpoint that there is to sign. */
  decided(): void {
    const size = this.#newest()
    if (this.#isClosed || size === 0 || size <= (this.#open?.checkpoint.size ?? 0)) return
    if (this.#complete !== undefined && decodeCheckpointNote(this.#complete).checkpoint.size >= size) return
    const { headers, origin } = this.#deps
    const header = headers.certified(size)?.header
    const edge = historyEdge(headers.hashes, size - 1)
    const validators = header && headers.set(header.validatorsHash)
    if (header === undefined || edge === undefined || validators === undefined) return
    const root = historyRoot(extendHistory(edge, blockIdOf(header)))
    const checkpoint = { origin, size, root }
    this.#open = { checkpoint, validators, note: { text: checkpointText(checkpoint), signatures: [] } }
    this.#sign()
    const early = this.#early
    this.#early = undefined
    if (early !== undefined) this.#add(early)
    this.#send()
  }

  /** A validator sent what it has; the reply is what this one has of the same size, or newer. Throws CHAIN_MALFORMED. */
  receive(bytes: Uint8Array): Uint8Array | undefined {
    const { checkpoint, note } = decodeCheckpointNote(bytes)
    if (checkpoint.origin !== this.#deps.origin) return undefined
    if (checkpoint.size === this.#open?.checkpoint.size) this.#add(note)
    else if (checkpoint.size === this.#newest() + limits.CHECKPOINT_EVERY) this.#keepEarly(note)
    else this.#compare(checkpoint.size, note)
    return this.#have(checkpoint.size)
  }

  /** Others may be ahead. Nothing of it can be checked yet, so the one text that came first is kept, as far as it fits. */
  #keepEarly(note: Note): void {
    const known = this.#early
    const isFull = (known?.signatures.length ?? 0) + note.signatures.length > limits.MAX_NOTE_SIGNATURES
    if (known === undefined) this.#early = note
    else if (known.text === note.text && !isFull) this.#early = mergeNotes(known, note)
  }

  /** The newest height that a checkpoint is made of. */
  #newest(): number {
    const height = this.#deps.headers.height()
    return height - (height % limits.CHECKPOINT_EVERY)
  }

  close(): void {
    this.#isClosed = true
    this.#cancel()
  }

  #have(size: number): Uint8Array | undefined {
    const open = this.#open
    if (open?.checkpoint.size === size && open.note.signatures.length > 0) return encodeNote(open.note)
    return this.#complete
  }

  /** What is signed stands on disk before anybody sees the signature. */
  #sign(): void {
    const { voter, store, clock } = this.#deps
    const open = this.#open
    if (voter === undefined || open === undefined) return
    if (!open.validators.some((one) => equalBytes(one.publicKey, voter.signer.publicKey))) return
    const { size, root } = open.checkpoint
    const before = store.get(Uint8Array.of(ROW.SIGNED))
    if (before !== undefined) {
      const [signedSize, signedRoot] = readRow(readCbor(before, 64, 'signed checkpoint'), 2, 'signed checkpoint')
      const isSame = readHeight(signedSize) === size && equalBytes(readHash(signedRoot, 'root'), root)
      if (readHeight(signedSize) >= size && !isSame) return
    }
    const value = encodeCanonical([size, root])
    store.batch([{ kind: 'put', key: Uint8Array.of(ROW.SIGNED), value }], { durable: true })
    store.written((failure) => {
      if (failure !== undefined || this.#open !== open) return
      const signature = cosign(voter.signer, voter.id, open.note.text, Math.floor(clock.now() / 1_000))
      this.#add({ text: open.note.text, signatures: [signature] })
      this.#send()
    })
  }

  /** Takes the signatures that are of the set and hold; those that are known are not checked again. */
  #add(other: Note): void {
    const open = this.#open
    if (open === undefined) return
    if (other.text !== open.note.text) {
      this.#other(open.checkpoint.size, open.validators, other)
      return
    }
    const signatures = this.#fresh(open.note, other, open.validators)
    if (signatures.length === 0) return
    open.note = mergeNotes(open.note, { text: open.note.text, signatures })
    if (open.note.signatures.length < quorumOf('two-thirds', open.validators.length)) return
    const bytes = encodeNote(open.note)
    const isNew = this.#complete === undefined || decodeCheckpointNote(this.#complete).note.text !== open.note.text
    this.#complete = bytes
    this.#keep(open.checkpoint.size, bytes)
    if (isNew) this.#hooks.onCheckpoint?.(bytes, open.checkpoint)
  }

  /** The last ones stay: another chain may have linked none for a while, and goes on step by step where the set has changed. */
  #keep(size: number, bytes: Uint8Array): void {
    const old = size - limits.KEPT_CHECKPOINTS * limits.CHECKPOINT_EVERY
    this.#deps.store.batch(
      [
        { kind: 'put', key: Uint8Array.of(ROW.COMPLETE), value: bytes },
        { kind: 'put', key: keptKey(size), value: bytes },
        ...(old > 0 ? [{ kind: 'delete', key: keptKey(old) } as const] : []),
      ],
      { durable: false },
    )
  }

  /** Cosignatures that are of the set, hold, and are not known. */
  #fresh(known: Note | undefined, other: Note, validators: readonly Validator[]): NoteSignature[] {
    const isKnown = (key: NoteKey) => known?.signatures.some((one) => isOfKey(one, key)) ?? false
    return validators.flatMap((one) => {
      const key = cosignerKey(one)
      if (isKnown(key)) return []
      const own = other.signatures.filter((signature) => isOfKey(signature, key)).slice(0, 1)
      return cosignedAt(this.#deps.scheme, key, { text: other.text, signatures: own }) === undefined ? [] : own
    })
  }

  /** A note of an earlier checkpoint: of use only if it is another one than this chain's. */
  #compare(size: number, other: Note): void {
    const kept = this.#deps.store.get(keptKey(size))
    if (kept === undefined || decodeNote(kept).text === other.text) return
    const { headers } = this.#deps
    const header = headers.certified(size)?.header
    const validators = header && headers.set(header.validatorsHash)
    if (validators !== undefined) this.#other(size, validators, other)
  }

  /** Keeps what validators cosigned of another history, as far as there is room: whoever makes up texts can cosign none. */
  #other(size: number, validators: readonly Validator[], other: Note): void {
    const known = this.#others.get(other.text)
    if (known === undefined && this.#others.size >= limits.MAX_OTHER_NOTES) return
    const signatures = this.#fresh(known, other, validators)
    if (signatures.length === 0) return
    const merged = mergeNotes(known ?? { text: other.text, signatures: [] }, { text: other.text, signatures })
    this.#others.set(other.text, merged)
    const value = encodeNote(merged)
    this.#deps.store.batch([{ kind: 'put', key: otherKey(other.text), value }], { durable: false })
    const own = this.#ownNote(size)
    if (own !== undefined) this.#hooks.onOther?.(own, value)
  }

  /** To those whose signature is missing, again and again, ever more slowly, until all have signed or there is a newer one. */
  #send(delayMs: number = limits.COSIGN_AGAIN_MS): void {
    this.#cancel()
    const open = this.#open
    if (open === undefined || this.#isClosed || open.note.signatures.length === 0) return
    const missing = open.validators.filter((one) => !open.note.signatures.some((s) => isOfKey(s, cosignerKey(one))))
    if (missing.length === 0) return
    const bytes = encodeNote(open.note)
    for (const to of missing)
      void this.#deps.exchange(to, bytes).then((reply) => {
        if (reply !== undefined && this.#open === open) this.#heard(reply)
      })
    this.#cancel = this.#deps.clock.after(delayMs, () => this.#send(Math.min(delayMs * 2, limits.COSIGN_SLOWEST_MS)))
  }

  #heard(reply: Uint8Array): void {
    try {
      const note = decodeNote(reply)
      if (parseCheckpoint(note.text).size === this.#open?.checkpoint.size) this.#add(note)
    } catch (error) {
      if (!isChordnsError(error)) throw error
    }
  }
}

function keptKey(size: number): Uint8Array {
  const key = new Uint8Array(9)
  key[0] = ROW.KEPT
  new DataView(key.buffer).setBigUint64(1, BigInt(size))
  return key
}

function otherKey(text: string): Uint8Array {
  return concatBytes(Uint8Array.of(ROW.OTHER), sha256(new TextEncoder().encode(text)))
}

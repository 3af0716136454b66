/** `add-checkpoint` (C2SP tlog-witness): this node as a witness of outside logs that are configured. */
import { isChordnsError, type Store } from '../../base/index.ts'
import { encodeCanonical, type SignatureScheme, type Signer, sha256 } from '../../crypto/index.ts'
import { cosign, cosignedAt, decodeCheckpointNote } from '../notes/checkpoint.ts'
import { encodeSignature, isOfKey, type Note, type NoteKey, noteBytes } from '../notes/note.ts'
import { decodeAddCheckpoint, type Witnessed, witnessVerdict } from '../notes/witness.ts'
import { readCbor, readHash, readHeight, readRow } from '../reading.ts'

export interface WitnessedLog {
  readonly origin: string
  /** Whose signatures make a checkpoint the log's: its own key (kind 1), or cosigners (kind 4). */
  readonly keys: readonly NoteKey[]
  /** How many of the keys must have signed. */
  readonly enough: number
}

export interface WitnessDeskDeps {
  readonly scheme: SignatureScheme
  readonly logs: readonly WitnessedLog[]
  /** The witness' own key and id. */
  readonly id: Uint8Array
  readonly signer: Signer
  readonly store: Store
  /** Unix ms. */
  readonly now: () => number
}

export interface DeskReply {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422 | 503
  readonly type: 'text/plain; charset=utf-8' | 'text/x.tlog.size'
  readonly body: string
}

/** Two notes of one log that cannot both be true, as the sender and this witness' last one; nothing else is done about it. */
export interface WitnessDeskHooks {
  readonly onFork?: (origin: string, note: Uint8Array) => void
}

export class WitnessDesk {
  readonly #deps: WitnessDeskDeps
  readonly #hooks: WitnessDeskHooks

  constructor(deps: WitnessDeskDeps, hooks: WitnessDeskHooks = {}) {
    this.#deps = deps
    this.#hooks = hooks
  }

  /** Resolves when what was cosigned is on disk: a witness that forgets would cosign two histories. */
  async add(body: Uint8Array): Promise<DeskReply> {
    try {
      return await this.#add(body)
    } catch (error) {
      if (isChordnsError(error) && error.code === 'CHAIN_MALFORMED') return text(400, error.message)
      throw error
    }
  }

  async #add(body: Uint8Array): Promise<DeskReply> {
    const { logs, scheme, id, signer, now } = this.#deps
    const { oldSize, proof, note: bytes } = decodeAddCheckpoint(body)
    const { checkpoint, note } = decodeCheckpointNote(bytes)
    const log = logs.find(({ origin }) => origin === checkpoint.origin)
    if (log === undefined) return text(404, 'no such log')
    if (log.enough < 1 || log.keys.filter((key) => isSigned(scheme, key, note)).length < log.enough)
      return text(403, 'not signed by the log')
    if (oldSize > checkpoint.size) return text(400, 'the old size is larger')
    const held = this.#held(log.origin)
    switch (witnessVerdict(held, checkpoint, oldSize, proof)) {
      case 'stale':
        return { status: 409, type: 'text/x.tlog.size', body: `${held?.size ?? 0}\n` }
      case 'fork':
        this.#hooks.onFork?.(log.origin, bytes)
        return { status: 409, type: 'text/x.tlog.size', body: `${held?.size ?? 0}\n` }
      case 'unproven':
        return text(422, 'the proof does not hold')
      case 'follows':
        if (!(await this.#hold(log.origin, checkpoint))) return text(503, 'the disk fails')
        break
      case 'same':
        break
    }
    const seconds = Math.floor(now() / 1_000)
    return text(200, encodeSignature(cosign(signer, id, note.text, seconds)).trimEnd())
  }

  #held(origin: string): Witnessed {
    const bytes = this.#deps.store.get(keyOf(origin))
    if (bytes === undefined) return undefined
    const [size, root] = readRow(readCbor(bytes, 64, 'witnessed log'), 2, 'witnessed log')
    return { size: readHeight(size), root: readHash(root, 'root') }
  }

  /** Reads see it from now on, so that two requests at once cannot both follow the same size. */
  #hold(origin: string, { size, root }: NonNullable<Witnessed>): Promise<boolean> {
    const { store } = this.#deps
    store.batch([{ kind: 'put', key: keyOf(origin), value: encodeCanonical([size, root]) }], { durable: true })
    return new Promise((resolve) => store.written((failure) => resolve(failure === undefined)))
  }
}

function isSigned(scheme: SignatureScheme, key: NoteKey, note: Note): boolean {
  if (key.kind === 4) return cosignedAt(scheme, key, note) !== undefined
  const text = noteBytes(note.text)
  return (
    key.kind === 1 &&
    note.signatures.some((one) => isOfKey(one, key) && scheme.verify(key.publicKey, text, one.signature))
  )
}

function keyOf(origin: string): Uint8Array {
  return sha256(noteBytes(origin))
}

function text(status: DeskReply['status'], body: string): DeskReply {
  return { status, type: 'text/plain; charset=utf-8', body: `${body}\n` }
}

/** Reads the whole state of a chain, piece by piece, and sorts what a zone is made of: on disk, so that a million names need no more memory than one piece. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChordnsError, fromHex, type Log, type Store, type StoreWrite, toHex } from '../../base/index.ts'
import { decodePiece, isPieceOf, type StatePiece } from '../../chain/index.ts'
import { ioLimits, openSqliteStore } from '../../io/index.ts'
import { factOf, type NameTerms, type ZoneFact } from '../../ledger/index.ts'
import type { StatePieceView } from '../../observe/index.ts'

/** From the node that runs the chain. `height` undefined: the newest state. `from`: a path, hex. */
export type FetchStatePiece = (height: number | undefined, from: string) => Promise<StatePieceView>

type NamedFact = ZoneFact & { readonly kind: 'name' | 'tld' }

export interface ScannedState {
  readonly chainId: string
  readonly height: number
  /** Unix ms, of the header. */
  readonly time: number
  /** Undefined: names have no end there. */
  readonly terms: NameTerms | undefined
  readonly hidden: readonly (ZoneFact & { readonly kind: 'hidden' })['hidden'][]
  /** By label, ascending. */
  records(): Iterable<readonly [label: Uint8Array, value: Uint8Array]>
  /** Of one label. */
  record(label: Uint8Array): Uint8Array | undefined
  /** What was sorted is gone. */
  close(): void
}

const LEAST = '00'.repeat(32)
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** Rejects with ZONE_PIECE when the node gives what the header does not have, and as `fetch` does. */
export async function scanState(
  fetch: FetchStatePiece,
  kind: NamedFact['kind'],
  height?: number,
  onPiece: (done: number) => void = () => {},
): Promise<ScannedState> {
  const directory = mkdtempSync(join(tmpdir(), 'chordns-zone-'))
  const store = openSqliteStore({
    file: join(directory, 'sorted.db'),
    maxBytes: ioLimits.MAX_LEDGER_STATE_BYTES,
    log: silent,
    now: () => 0,
  })
  const close = () => {
    store.close()
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    return { ...(await readAll(fetch, { store, kind, height, onPiece })), ...readerOf(store), close }
  } catch (error) {
    close()
    throw error
  }
}

interface Scan {
  readonly store: Store
  readonly kind: NamedFact['kind']
  readonly height: number | undefined
  readonly onPiece: (done: number) => void
}

async function readAll(fetch: FetchStatePiece, { store, kind, height, onPiece }: Scan) {
  const first = await fetch(height, LEAST)
  const hidden: (ZoneFact & { readonly kind: 'hidden' })['hidden'][] = []
  let policy: NameTerms['policy'] | undefined
  let adopted: Uint8Array | undefined
  for (let view = first, from = LEAST; ; view = await fetch(first.height, from)) {
    const { entries, to } = checked(view, from, first)
    const writes: StoreWrite[] = []
    for (const { key, value } of entries) {
      const fact = factOf(key, value)
      if (fact === undefined) continue
      if (fact.kind === 'policy') policy = fact.policy
      else if (fact.kind === 'adopted') adopted = fact.value
      else if (fact.kind === 'hidden') hidden.push(fact.hidden)
      else if (fact.kind === kind) writes.push({ kind: 'put', key: fact.label, value: fact.value })
    }
    if (writes.length > 0) store.batch(writes, { durable: false })
    if (to === undefined) break
    from = toHex(to)
    onPiece(Number.parseInt(from.slice(0, 8), 16) / 2 ** 32)
  }
  hidden.sort((a, b) => Buffer.compare(a.label, b.label))
  const terms = policy && { policy, adopted }
  return { chainId: first.chainId, height: first.height, time: first.time, terms, hidden }
}

function checked({ piece: text, ...view }: StatePieceView, from: string, first: StatePieceView): StatePiece {
  const piece = decodePiece(new Uint8Array(Buffer.from(text, 'base64')))
  const isNext = toHex(piece.from) === from && (piece.to === undefined || toHex(piece.to) > from)
  const isOfIt = view.height === first.height && view.stateRoot === first.stateRoot && view.chainId === first.chainId
  if (isNext && isOfIt && isPieceOf(fromHex(first.stateRoot), piece)) return piece
  throw new ChordnsError('ZONE_PIECE', 'the node gave a piece of another state than its header has: ask another node', {
    height: first.height,
  })
}

function readerOf(store: Store) {
  return {
    records: () => store.range(new Uint8Array()),
    record: (label: Uint8Array) => store.get(label),
  }
}

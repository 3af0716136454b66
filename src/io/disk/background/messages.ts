/** What the thread that writes to the disk and the one that answers say to each other. Read with care at both ends: a mistake shows. */
import { ChordnsError, type StoreWrite } from '../../../base/index.ts'

/** How a file is opened: `SqliteStoreOptions` without what only one thread can have. */
export interface OpenWish {
  readonly file: string
  readonly maxBytes: number
  readonly patienceMs?: number
  readonly pageBytes?: number
}

export interface Batch {
  readonly writes: readonly StoreWrite[]
  readonly durable: boolean
}

/** To the writer. `id`: of an open file, given by the one that asks. */
export type ToWriter =
  | { readonly kind: 'open'; readonly id: number; readonly wish: OpenWish }
  | { readonly kind: 'write'; readonly id: number; readonly batches: readonly Batch[] }
  | { readonly kind: 'close'; readonly id: number }

/** An error as it crosses threads. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly detail: Readonly<Record<string, unknown>>
}

export interface WriteStats {
  readonly batches: number
  readonly writeMs: number
  readonly longestWriteMs: number
}

/** From the writer. */
export type FromWriter =
  | { readonly kind: 'opened'; readonly id: number; readonly failure: Failure | undefined }
  /** One for each batch of a `write`, in their order; undefined: it is on disk. */
  | {
      readonly kind: 'written'
      readonly id: number
      readonly failures: readonly (Failure | undefined)[]
      readonly stats: WriteStats
    }
  | { readonly kind: 'closed'; readonly id: number }
  | {
      readonly kind: 'log'
      readonly level: 'warn' | 'error'
      readonly detail: object
      readonly message: string
    }

const TO_WRITER: ReadonlySet<unknown> = new Set<ToWriter['kind']>(['open', 'write', 'close'])
const FROM_WRITER: ReadonlySet<unknown> = new Set<FromWriter['kind']>(['opened', 'written', 'closed', 'log'])

/** Throws STORE_FAILED for what is none. */
export function readToWriter(message: unknown): ToWriter {
  if (isOneOf(TO_WRITER, message) && hasId(message)) return message as ToWriter
  throw unknownMessage(message)
}

/** Throws STORE_FAILED for what is none. */
export function readFromWriter(message: unknown): FromWriter {
  if (isOneOf(FROM_WRITER, message) && (hasId(message) || message.kind === 'log')) return message as FromWriter
  throw unknownMessage(message)
}

export function failureOf(error: ChordnsError): Failure {
  // Causes stay where they happened: not all of them can cross.
  return { code: error.code, message: error.message, detail: { ...error.detail } }
}

export function errorOf({ code, message, detail }: Failure): ChordnsError {
  return new ChordnsError(code, message, detail)
}

function isOneOf(kinds: ReadonlySet<unknown>, message: unknown): message is { readonly kind: string } {
  return typeof message === 'object' && message !== null && 'kind' in message && kinds.has(message.kind)
}

function hasId(message: object): boolean {
  return 'id' in message && typeof message.id === 'number'
}

function unknownMessage(message: unknown): ChordnsError {
  const kind =
    typeof message === 'object' && message !== null && 'kind' in message ? String(message.kind) : typeof message
  return new ChordnsError('STORE_FAILED', 'a message between the threads of this node that neither knows', { kind })
}

/**
 * The thread that writes to the disk for a running node: it alone waits for it. It carries out what it is told in the order in which it
 * is told; batches that come together are one transaction, and wait for the disk once.
 */
import { parentPort } from 'node:worker_threads'
import { ChordnsError, errorText, type Log } from '../../../base/index.ts'
import { openSqliteStore, type SqliteStore } from '../sqlite-store.ts'
import { giveBack } from './give-back.ts'
import { type Batch, type Failure, type FromWriter, failureOf, readToWriter, type ToWriter } from './messages.ts'

const stores = new Map<number, SqliteStore>()

const log: Log = {
  debug() {},
  info() {},
  warn: (detail, message) => say({ kind: 'log', level: 'warn', detail, message }),
  error: (detail, message) => say({ kind: 'log', level: 'error', detail, message }),
}

function say(message: FromWriter): void {
  parentPort?.postMessage(message)
}

/** Ms until what the start of this thread has left goes back to the system. */
const GIVE_BACK_MS = 5_000

setTimeout(giveBack, GIVE_BACK_MS).unref()

parentPort?.on('message', (message: unknown) => carryOut(readToWriter(message)))

function carryOut(message: ToWriter): void {
  const { kind, id } = message
  if (kind === 'open') {
    say({ kind: 'opened', id, failure: open(message) })
  } else if (kind === 'write') {
    const store = stores.get(id)
    if (store === undefined) throw new ChordnsError('STORE_CLOSED', 'a write to a file that is not open', { id })
    const failures = writeAll(store, message.batches)
    const { batches, writeMs, longestWriteMs } = store.stats()
    say({ kind: 'written', id, failures, stats: { batches, writeMs, longestWriteMs } })
  } else {
    stores.get(id)?.close()
    stores.delete(id)
    say({ kind: 'closed', id })
  }
}

function open({ id, wish }: Extract<ToWriter, { kind: 'open' }>): Failure | undefined {
  return failureIn(() => {
    stores.set(id, openSqliteStore({ ...wish, isShared: true, log, now: Date.now }))
  })
}

/** In one transaction; if that fails, one by one, so that each fails by itself only. */
function writeAll(store: SqliteStore, batches: readonly Batch[]): (Failure | undefined)[] {
  const all = batches.flatMap(({ writes }) => writes)
  const durable = batches.some((batch) => batch.durable)
  const failure = failureIn(() => store.batch(all, { durable }))
  if (failure === undefined) return batches.map(() => undefined)
  if (batches.length === 1) return [failure]
  return batches.map(({ writes, durable }) => failureIn(() => store.batch(writes, { durable })))
}

function failureIn(work: () => void): Failure | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof ChordnsError) return failureOf(error)
    return { code: 'STORE_FAILED', message: errorText(error), detail: {} }
  }
}

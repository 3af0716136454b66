/**
 * Memory that a start or a busy time has left goes back to the system when the node has little to do. V8 does so by itself only after work that makes it collect again: a
 * node that idles keeps a young generation of 16 MiB as long as it lives (docs/decisions/0185). Costs the answering thread some 20 ms; workers answer meanwhile.
 */
import { getHeapSpaceStatistics } from 'node:v8'

/** Ms between two looks, and after one that collected. */
const EACH_MS = 10_000
const REST_MS = 60_000
/** Questions in a second, above which a node is not idle. */
const IDLE_PER_SECOND = 1
/** Bytes of the young generation that are not worth the work. */
const SMALL_BYTES = 4 * 2 ** 20
/** Of a heap in use: above it the work takes longer than a question should wait, for a small part of the memory. */
const LARGE_BYTES = 64 * 2 ** 20

export interface IdleMemoryDeps {
  /** Questions since the start. */
  readonly questions: () => number
  /** `gc` of `node --expose-gc`. Undefined: all stays as it is. */
  readonly collect: ((options: CollectOptions) => void) | undefined
  /** Calls back once, so many ms later, and keeps no process. */
  readonly after: (ms: number, callback: () => void) => void
  /** Bytes that the young generation has of the system, and of the whole heap that are in use. */
  readonly heap: () => { readonly young: number; readonly used: number }
}

export interface CollectOptions {
  readonly type: 'major'
  readonly execution: 'sync'
  readonly flavor: 'last-resort'
}

/** Looks again and again, as long as the process lives. */
export function giveBackWhenIdle({ questions, collect, after, heap }: IdleMemoryDeps): void {
  if (collect === undefined) return
  let before = 0
  const look = (ms: number) =>
    after(ms, () => {
      const now = questions()
      const isIdle = now - before <= (IDLE_PER_SECOND * ms) / 1_000
      before = now
      const { young, used } = heap()
      if (!isIdle || young <= SMALL_BYTES || used >= LARGE_BYTES) return look(EACH_MS)
      // The only kind that makes the young generation small again.
      collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
      look(REST_MS)
    })
  look(EACH_MS)
}

/** Of this process. */
export function idleMemoryOf(questions: () => number): IdleMemoryDeps {
  const { gc } = globalThis as { readonly gc?: IdleMemoryDeps['collect'] }
  return {
    questions,
    collect: gc,
    after: (ms, callback) => void setTimeout(callback, ms).unref(),
    heap() {
      const spaces = getHeapSpaceStatistics()
      const young = spaces.find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0
      return { young, used: spaces.reduce((sum, { space_used_size: bytes }) => sum + bytes, 0) }
    },
  }
}

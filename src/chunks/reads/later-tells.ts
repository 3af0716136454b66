/**
 * Signed answers that one replica has been told, or that this node holds as one. The others get them when replicas repair each other;
 * only if none of them names the question after a while, all are told: a replica that hears and does nothing keeps nothing out.
 */
import type { Cancel, Clock } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { ChunkRequest } from '../wire/messages.ts'

export type Tell = Extract<ChunkRequest, { kind: 'tell' }>

export interface LaterTells {
  add(tell: Tell): void
  stop(): void
}

/** `onDue`: hears of each after its time, or when more wait than may. */
export function createLaterTells(clock: Pick<Clock, 'after' | 'monotonic'>, onDue: (tell: Tell) => void): LaterTells {
  const waiting: { readonly tell: Tell; readonly at: number }[] = []
  let next: Cancel | undefined

  function wait(): void {
    const [first] = waiting
    next = first && clock.after(Math.max(0, first.at - clock.monotonic()), due)
  }

  function due(): void {
    const first = waiting.shift()
    wait()
    if (first !== undefined) onDue(first.tell)
  }

  return {
    add(tell) {
      waiting.push({ tell, at: clock.monotonic() + limits.TELL_AGAIN_MS })
      if (waiting.length > limits.MAX_TELLS_LATER) onDue(waiting.shift()!.tell)
      if (next === undefined) wait()
    },
    stop() {
      next?.()
      next = undefined
      waiting.length = 0
    },
  }
}

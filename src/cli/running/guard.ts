import { limits } from '../limits.ts'
/**
 * What happens to an exception that nothing caught. The transport library raises stream errors inside its own event
 * listeners, where no code of ours can catch them (libp2p issues 3512 and 3415): a peer must not be able to end a node with
 * one. Everything else ends the process, in order.
 */
export type GuardDecision = 'spare' | 'end'

const FOREIGN = /node:|node_modules\/(@libp2p|libp2p|main-event|it-[a-z-]+|race-[a-z-]+)\//
const TRANSPORT_ERROR = /^(Stream|Muxer|Connection)/

/** The function that it returns is called with each uncaught exception, in turn. */
export function createGuard(): (error: unknown) => GuardDecision {
  let spared = 0
  return (error) => {
    if (!(error instanceof Error) || !TRANSPORT_ERROR.test(error.name) || !isForeign(error)) return 'end'
    spared++
    return spared <= limits.MAX_SPARED ? 'spare' : 'end'
  }
}

/** True when no frame of the stack is ours. */
function isForeign({ stack }: Error): boolean {
  const frames = (stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return frames.length > 0 && frames.every((frame) => FOREIGN.test(frame))
}

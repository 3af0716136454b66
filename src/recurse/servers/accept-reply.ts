/** Whether bytes that came are the reply to a query: by id, question, case (0x20) and cookie. */
import { isChordnsError, type ReplyVerdict } from '../../base/index.ts'
import { decodeReply, type EdnsOption, type Message } from '../../dns/index.ts'
import { matchReply, type Sent, withAskedCase } from '../../iterator/index.ts'
import type { ServersEngine } from './engine.ts'
import type { ServerQuery } from './types.ts'

export interface ReplyAcceptance {
  /** `near-miss`: close enough to have been guessed, so that the question must be asked over TCP. */
  accept(bytes: Uint8Array): ReplyVerdict
  /** A reply came that fits but for the case of the name. */
  readonly otherCase: boolean
  /** What was accepted; undefined when it cannot be read. */
  readonly message: Message | undefined
}

/** Over TCP a reply cannot be guessed, so an odd one is taken for the server's own manner. */
export function acceptanceOf(
  engine: ServersEngine,
  { asked, server, protocol }: ServerQuery,
  sent: Sent,
  cookie: EdnsOption | undefined,
): ReplyAcceptance {
  const { endpoint } = server
  let message: Message | undefined
  let otherCase = false
  return {
    get otherCase() {
      return otherCase
    },
    get message() {
      return message
    },
    accept(bytes) {
      const match = matchReply(bytes, sent)
      if (match === 'foreign' || (match === 'wrong-id' && protocol === 'tcp')) return 'ignore'
      if (match === 'wrong-id') return 'near-miss'
      if (match === 'wrong-case') {
        otherCase = true
        if (protocol === 'udp') return 'near-miss'
        engine.servers.losesCase(endpoint)
      }
      message = readable(withAskedCase(bytes, asked.question))
      if (message === undefined) return protocol === 'udp' ? 'ignore' : 'accept'
      const verdict = engine.cookies.check(endpoint, cookie, message)
      if (verdict === 'fine') return 'accept'
      if (protocol === 'udp') return verdict === 'forged' ? 'ignore' : 'near-miss'
      // It lost its secret, or another server stands at its address now.
      engine.cookies.forget(endpoint)
      return 'accept'
    },
  }
}

function readable(bytes: Uint8Array): Message | undefined {
  try {
    return decodeReply(bytes)
  } catch (error) {
    if (isChordnsError(error, 'DNS_MALFORMED')) return undefined
    throw error
  }
}

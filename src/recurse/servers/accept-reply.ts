/** Whether bytes that came are the reply to a query: by id, question, case (0x20) and cookie. */
import { isChordnsError, type ReplyVerdict } from '../../base/index.ts'
import { decodeReply, type EdnsOption, type Message } from '../../dns/index.ts'
import { matchReply, type Sent, withLowerQuestion } from '../../iterator/index.ts'
import type { ServersEngine } from './engine.ts'
import type { NearMiss, ServerQuery } from './types.ts'

export interface ReplyAcceptance {
  /** `near-miss`: close enough to have been guessed, so that the question must be asked over TCP. */
  accept(bytes: Uint8Array): ReplyVerdict
  /** In what the last reply differed that was no more than close. */
  readonly nearMiss: NearMiss | undefined
  /** What was accepted; undefined when it cannot be read. */
  readonly message: Message | undefined
}

/** Over TCP a reply cannot be guessed, so an odd one is taken for the server's own manner. */
export function acceptanceOf(
  engine: ServersEngine,
  { asked, server, protocol, guesses = 0 }: ServerQuery,
  sent: Sent,
  cookie: EdnsOption | undefined,
): ReplyAcceptance {
  const { endpoint } = server
  let message: Message | undefined
  let nearMiss: NearMiss | undefined
  let guessed = 0
  const close = (how: NearMiss): ReplyVerdict => {
    nearMiss = how
    return 'near-miss'
  }
  return {
    get nearMiss() {
      return nearMiss
    },
    get message() {
      return message
    },
    accept(bytes) {
      const match = matchReply(bytes, sent)
      if (match === 'foreign' || (match === 'wrong-id' && protocol === 'tcp')) return 'ignore'
      if (match === 'wrong-id') return ++guessed > guesses ? close('id') : 'ignore'
      if (match === 'wrong-case') {
        if (protocol === 'udp') return close('case')
        engine.servers.losesCase(endpoint)
      }
      message = readable(withLowerQuestion(bytes, asked.question))
      if (message === undefined) return protocol === 'udp' ? 'ignore' : 'accept'
      const verdict = engine.cookies.check(endpoint, cookie, message)
      if (verdict === 'fine') return 'accept'
      if (protocol === 'udp') return verdict === 'forged' ? 'ignore' : close('cookie')
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

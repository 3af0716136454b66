/** What a reply is called in steps, failures and EDE texts. */
import { nameToText, Rcode, rcodeToText } from '../../dns/index.ts'
import type { Reply } from '../../iterator/index.ts'

/** For `lookup --explain`. */
export function describeReply(reply: Reply): string {
  switch (reply.kind) {
    case 'referral':
      return `referral to ${nameToText(reply.delegation.zone)}`
    case 'lame':
      return `lame: ${reply.why}`
    case 'mismatch':
      return `mismatch: ${reply.why}`
    case 'error':
      return rcodeToText(reply.rcode).toLowerCase()
    default:
      return reply.kind
  }
}

/** What a useless reply is called in failures and EDE texts; undefined when it is useful. */
export function uselessness(reply: Reply): string | undefined {
  switch (reply.kind) {
    case 'lame':
      return `lame (${reply.why})`
    case 'mismatch':
      return 'answered another question'
    case 'truncated':
      return 'truncated even over TCP'
    case 'error':
      return reply.rcode === Rcode.REFUSED ? 'refused' : `answered ${rcodeToText(reply.rcode)}`
    default:
      return undefined
  }
}

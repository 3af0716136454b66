/** Names that machines of the local network answer for themselves, by another protocol than this one. */
import { parseName, type Question, type ResourceRecord } from '../../dns/index.ts'
import { absent, found, type LocalAnswer, localSoa } from './answer.ts'

export interface LocalBridge {
  /** Whether the question is one for them. */
  covers(question: Question): boolean
  /** One RRset; empty: nobody answered. Never rejects. */
  ask(question: Question): Promise<readonly ResourceRecord[]>
}

/** What this node has itself stands before what the network says. `own`: that, if there is any. */
export async function bridged(
  bridge: LocalBridge | undefined,
  question: Question,
  own: LocalAnswer | undefined,
): Promise<LocalAnswer | undefined> {
  if (bridge === undefined || !bridge.covers(question)) return own
  if (own !== undefined && (own.answers.length > 0 || own.ede.length > 0)) return own
  const records = await bridge.ask(question)
  if (records.length > 0) return found(records, FROM)
  // A machine may sleep, or have addresses of the other kind alone: that there is no such name, nobody can say.
  return absent(0, localSoa(LOCAL, NEGATIVE_TTL_SECONDS), FROM)
}

const LOCAL = parseName('local')
const FROM = 'mDNS'
const NEGATIVE_TTL_SECONDS = 10

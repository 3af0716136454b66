/** What the operator wants done otherwise with one server (`iterator.servers`). Pure. */
import type { Message, ResourceRecord } from '../../dns/index.ts'
import { normalAddress } from '../../iterator/index.ts'
import type { RecursorOptions, ServerSwitches } from '../job/options.ts'

const NONE: ServerSwitches = {}

export function switchesOf({ servers }: Pick<RecursorOptions, 'servers'>, address: string): ServerSwitches {
  if (servers === undefined || servers.size === 0) return NONE
  return servers.get(normalAddress(address)) ?? NONE
}

/** The reply with no TTL above the server's `maxTtl`. */
export function withMaxTtl(message: Message, { maxTtl }: ServerSwitches): Message {
  if (maxTtl === undefined) return message
  const capped = (records: readonly ResourceRecord[]) =>
    records.map((record) => (record.ttl > maxTtl ? { ...record, ttl: maxTtl } : record))
  const { answers, authorities, additionals } = message
  return { ...message, answers: capped(answers), authorities: capped(authorities), additionals: capped(additionals) }
}

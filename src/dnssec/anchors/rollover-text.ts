/** The followed keys as text for a file: lines of `state since-unix-seconds zone DNSKEY ...`, readable and diffable. */
import { ChordnsError, errorText } from '../../base/index.ts'
import { nameToText, parseZone, ROOT, rdataToText, sameName, Type } from '../../dns/index.ts'
import { limits } from '../limits.ts'
import { isRevoked, readKey } from '../signatures/keys.ts'
import type { FollowedKey, FollowedState, Rollover } from './rollover.ts'

const LINE = /^(pending|valid|missing|revoked) (\d{1,12}) (\S+ DNSKEY .+)$/

export function rolloverToText({ zone, keys }: Rollover): string {
  const head = `; keys of ${nameToText(zone)} followed by RFC 5011\n`
  return head + keys.map(({ rdata, state, since }) => line(nameToText(zone), rdata, state, since)).join('')
}

/** Throws DNSSEC_BAD_STATE (detail {line}): a state that cannot be read must be looked at, not overwritten. */
export function rolloverFromText(rollover: Rollover, text: string): Rollover {
  const lines = text.split('\n').filter((each) => each.trim() !== '' && !each.startsWith(';'))
  if (lines.length > limits.MAX_FOLLOWED_KEYS) throw badState('too many keys', lines.length)
  return { zone: rollover.zone, keys: lines.map((each, i) => readLine(rollover, each, i + 1)) }
}

function line(zone: string, rdata: Uint8Array, state: FollowedState, since: number): string {
  return `${state} ${since} ${zone} DNSKEY ${rdataToText(Type.DNSKEY, rdata)}\n`
}

function readLine({ zone }: Rollover, text: string, number: number): FollowedKey {
  const match = LINE.exec(text.trim())
  if (match === null) throw badState('not a line of a state, a time and a DNSKEY', number)
  const record = readRecord(match[3]!, number)
  const key = record === undefined ? undefined : readKey(record.rdata)
  if (record === undefined || key === undefined || isRevoked(key)) throw badState('no DNSKEY', number)
  if (!sameName(record.name, zone)) throw badState(`not a key of ${nameToText(zone)}`, number)
  return { rdata: record.rdata, state: match[1] as FollowedState, since: Number(match[2]) }
}

function readRecord(text: string, number: number) {
  try {
    return parseZone(`${text}\n`, { origin: ROOT, defaultTtl: 0 })[0]
  } catch (error) {
    throw badState(errorText(error), number)
  }
}

function badState(what: string, number: number): ChordnsError<'DNSSEC_BAD_STATE', { what: string; line: number }> {
  return new ChordnsError('DNSSEC_BAD_STATE', `bad key state in line ${number}: ${what}`, { what, line: number })
}

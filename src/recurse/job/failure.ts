/** Why a resolution failed, in words that help (RFC 8914). */
import { ChordnsError } from '../../base/index.ts'
import { Ede, type ExtendedError, type Name, nameToText } from '../../dns/index.ts'
import { endpointText, type Server } from '../../iterator/index.ts'
import { limits } from '../limits.ts'
import type { RecurseFailure } from './types.ts'

export type RecurseFailed = ChordnsError<'RECURSE_FAILED', RecurseFailure>

/** What one server did. */
export interface ServerFailure {
  readonly server: Server
  /** `timed out`, `refused`, `lame: refers upwards` ... */
  readonly what: string
  /** `silent`: nothing came back. `network`: the network said no. `answered`: the server spoke, but was of no use. */
  readonly how: 'silent' | 'network' | 'answered'
}

export function failed(
  reason: RecurseFailure['reason'],
  message: string,
  ede: readonly ExtendedError[],
): RecurseFailed {
  return new ChordnsError('RECURSE_FAILED', message, { reason, ede })
}

export function isFailure(error: unknown): error is RecurseFailed {
  return error instanceof ChordnsError && error.code === 'RECURSE_FAILED'
}

/** All servers of `zone` were of no use: EDE 22, with what each of them did, and 23 when the network itself said no. */
export function zoneFailed(zone: Name, notes: readonly ServerFailure[], remarks: readonly string[]): RecurseFailed {
  const text = `${nameToText(zone)} ${notesText(notes, remarks)}`
  const ede: ExtendedError[] = [{ code: Ede.NO_REACHABLE_AUTHORITY, text }]
  if (notes.some((note) => note.how === 'network')) ede.push({ code: Ede.NETWORK_ERROR, text })
  const reason = notes.length === 0 ? 'no-servers' : notes.every(isLame) ? 'lame' : 'all-servers-failed'
  return failed(reason, `no server of ${text}`, ede)
}

export function notesText(notes: readonly ServerFailure[], remarks: readonly string[]): string {
  const last = new Map(notes.map((note) => [serverText(note.server), note.what]))
  const parts = [...[...last].map(([server, what]) => `${server} ${what}`), ...remarks]
  const shown = parts.slice(0, limits.SERVERS_IN_TEXT).join(', ')
  const more = parts.length - limits.SERVERS_IN_TEXT
  return more > 0 ? `${shown} and ${more} more` : shown || 'no server with an address'
}

/** The port is worth a word only where it is not the usual one. */
function serverText({ endpoint }: Server): string {
  return endpoint.port === 53 ? endpoint.address : endpointText(endpoint)
}

function isLame(note: ServerFailure): boolean {
  return note.how === 'answered' && note.what.startsWith('lame')
}

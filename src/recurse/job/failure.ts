/** Why a resolution failed, in words that help (RFC 8914). */
import { ChordnsError } from '../../base/index.ts'
import { Ede, type ExtendedError, type Name, nameToText } from '../../dns/index.ts'
import { endpointText, type Server } from '../../iterator/index.ts'
import { limits } from '../limits.ts'
import type { RecurseFailure } from './types.ts'

export type RecurseFailed = ChordnsError<'RECURSE_FAILED', RecurseFailure>

/** How one server failed a question. */
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

/** True for what `Recursor` rejects with when there is no answer; budget and abort are other errors. */
export function isFailure(error: unknown): error is RecurseFailed {
  return error instanceof ChordnsError && error.code === 'RECURSE_FAILED'
}

/** The same failure, marked as nobody's: it is not remembered, nor is what follows from it. */
export function ours(error: RecurseFailed): RecurseFailed {
  return isOurs(error)
    ? error
    : new ChordnsError('RECURSE_FAILED', error.message, { ...error.detail, isOurs: true }, { cause: error })
}

export function isOurs({ detail }: RecurseFailed): boolean {
  return detail.isOurs === true
}

/** This node has no room or no means for the question now. */
export function tooBusy(text: string): RecurseFailed {
  return ours(failed('refused', text, [{ code: Ede.NOT_READY, text }]))
}

/** True when there was an answer and it is bogus. That is a verdict, unlike all other failures. */
export function isBogusFailure(error: unknown): error is RecurseFailed {
  return isFailure(error) && error.detail.reason === 'bogus'
}

/** All servers of `zone` were of no use: EDE 22, with what each of them did, and 23 when the network itself said no. */
export function zoneFailed(zone: Name, failures: readonly ServerFailure[], remarks: readonly string[]): RecurseFailed {
  const text = `${nameToText(zone)} ${failuresText(failures, remarks)}`
  const ede: ExtendedError[] = [{ code: Ede.NO_REACHABLE_AUTHORITY, text }]
  if (failures.some((failure) => failure.how === 'network')) ede.push({ code: Ede.NETWORK_ERROR, text })
  const reason = failures.length === 0 ? 'no-servers' : failures.every(isLame) ? 'lame' : 'all-servers-failed'
  return failed(reason, `no server of ${text}`, ede)
}

function failuresText(failures: readonly ServerFailure[], remarks: readonly string[]): string {
  const last = new Map(failures.map((failure) => [serverText(failure.server), failure.what]))
  const parts = [...[...last].map(([server, what]) => `${server} ${what}`), ...remarks]
  const shown = parts.slice(0, limits.SERVERS_IN_TEXT).join(', ')
  const more = parts.length - limits.SERVERS_IN_TEXT
  return more > 0 ? `${shown} and ${more} more` : shown || 'no server with an address'
}

/** The port is shown only when it is not 53. */
function serverText({ endpoint }: Server): string {
  return endpoint.port === 53 ? endpoint.address : endpointText(endpoint)
}

function isLame(failure: ServerFailure): boolean {
  return failure.how === 'answered' && failure.what.startsWith('lame')
}

/** What the configuration means for the recursor and for validation: files that it names are read here. */
import { readFileSync } from 'node:fs'
import { ChordnsError, type Clock, fileTrouble, isChordnsError, type Log, utf8Text } from '../../base/index.ts'
import type { Config } from '../../config/index.ts'
import {
  parseTrustAnchors,
  ROOT_ANCHORS,
  supportedAlgorithms,
  supportedDigests,
  type TrustAnchor,
} from '../../dnssec/index.ts'
import { builtinHints, mayAsk, parseHints, type RootHint } from '../../iterator/index.ts'
import type { RecursorOptions, ValidationOptions } from '../../recurse/index.ts'

/** `onFault`: a wrong line of the root hints is told to it and passed over. Throws CONFIG_INVALID or HINTS_EMPTY. */
export function recursorOptions(config: Config, onFault?: (fault: string) => void): RecursorOptions {
  const { rootHints, bind: _, ...rest } = config.iterator
  const parse = (text: string) => usableHints(parseHints(text, onFault), config)
  return {
    ...rest,
    rootHints: rootHints === 'builtin' ? builtinHints() : readConfigFile('iterator.rootHints', rootHints, parse),
  }
}

/** Throws HINTS_EMPTY when no root server may be asked, as the options are: no name could ever be resolved. */
function usableHints(hints: readonly RootHint[], { iterator }: Config): readonly RootHint[] {
  const { ipv4, ipv6, queryLoopback, port } = iterator
  const rules = { ipv4, ipv6: ipv6 !== false, queryLoopback, port, own: [] }
  if (hints.some(({ addresses }) => addresses.some((address) => mayAsk(address, port, rules)))) return hints
  const families = [...(ipv4 ? ['IPv4'] : []), ...(ipv6 === false ? [] : ['IPv6'])].join(' and ')
  throw new ChordnsError(
    'HINTS_EMPTY',
    `no server in it has an address that may be asked (${families}${queryLoopback ? '' : ', not on loopback'}): add such addresses, or change iterator.ipv4, iterator.ipv6 or iterator.queryLoopback`,
    { servers: hints.length },
  )
}

export interface ValidationDeps {
  readonly clock: Clock
  readonly log: Log
  /** What `dnssec.trustAnchors: "builtin"` stands for now. Default: the keys as they were built in. */
  readonly rootAnchors?: (() => readonly TrustAnchor[]) | undefined
}

/** Undefined when validation is off. Throws CONFIG_INVALID or DNSSEC_BAD_ANCHOR. */
export function validationOptions(
  { dnssec }: Config,
  { clock, log, rootAnchors = () => ROOT_ANCHORS }: ValidationDeps,
): ValidationOptions | undefined {
  if (!dnssec.validate) return undefined
  const fixed = fixedValidationTime()
  if (fixed !== undefined)
    log.warn(
      { unixSeconds: fixed },
      'CHORDNS_VALIDATION_TIME is set: signatures are validated as of that time, not now',
    )
  return {
    anchors: dnssec.trustAnchors === 'builtin' ? rootAnchors : anchorsOf(dnssec.trustAnchors),
    negativeAnchors: dnssec.negativeTrustAnchors,
    ntpNames: dnssec.ntpNames,
    algorithms: supportedAlgorithms(dnssec),
    digests: supportedDigests(dnssec),
    aggressive: dnssec.aggressive,
    now: () => fixed ?? Math.floor(clock.now() / 1000),
  }
}

function anchorsOf(file: string): () => readonly TrustAnchor[] {
  const anchors = readConfigFile('dnssec.trustAnchors', file, parseTrustAnchors)
  return () => anchors
}

/** Unix seconds of CHORDNS_VALIDATION_TIME, which is YYYYMMDDHHMMSS in UTC as in RRSIG records; undefined when it is not set. */
export function fixedValidationTime(text = process.env['CHORDNS_VALIDATION_TIME']): number | undefined {
  if (text === undefined || text === '') return undefined
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text)
  const time =
    match === null ? Number.NaN : Date.parse(text.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6Z'))
  if (Number.isNaN(time))
    throw new ChordnsError('CONFIG_INVALID', `CHORDNS_VALIDATION_TIME must be YYYYMMDDHHMMSS, not "${text}"`, {
      problems: [{ path: 'CHORDNS_VALIDATION_TIME', message: 'must be YYYYMMDDHHMMSS' }],
    })
  return time / 1000
}

/** What `parse` makes of the file that the key `path` names. Throws CONFIG_INVALID, and what `parse` throws with key and file in its text. */
export function readConfigFile<T>(path: string, file: string, parse: (text: string) => T): T {
  const invalid = (message: string, cause: unknown) =>
    new ChordnsError('CONFIG_INVALID', `${path}: ${message}`, { problems: [{ path, message }] }, { cause })
  let text: string
  try {
    text = utf8Text(readFileSync(file))
  } catch (cause) {
    throw invalid(fileTrouble(file, cause), cause)
  }
  try {
    return parse(text)
  } catch (cause) {
    if (!isChordnsError(cause)) throw cause
    if (cause.code === 'DNS_BAD_TEXT') throw invalid(`${file}: ${cause.message}`, cause)
    throw new ChordnsError(cause.code, `${path}: ${file}: ${cause.message}`, { ...cause.detail, path, file }, { cause })
  }
}

/**
 * Proofs that outlive the process, so that what was known of a ledger is known again while nobody can be asked. What is read is checked as if a stranger
 * had sent it: the proof against its header, and the header against what the follower trusts now. Bounded; those used longest ago go.
 */
import {
  type Clock,
  concatBytes,
  equalBytes,
  errorText,
  isChordnsError,
  type Log,
  latin1,
  type Store,
  type StoreWrite,
} from '../../base/index.ts'
import { type CborField, type CborValue, encodeCanonical, sha256 } from '../../crypto/index.ts'
import { entriesFromValue, entriesToValue } from '../blocks/set-root.ts'
import { certifiedHeaderFromValue, certifiedHeaderToValue } from '../light/codec.ts'
import { verifyState } from '../light/proof-file.ts'
import { isExpired, type LightRules } from '../light/trust.ts'
import { isDecided } from '../light/verify.ts'
import { limits } from '../limits.ts'
import { malformed, readBytes, readCbor, readList, readRow } from '../reading.ts'
import type { BlockHeader, CertifiedHeader, Validator } from '../types.ts'
import type { LedgerHead } from './view.ts'

/** What a follower says of headers. */
export interface HeaderTrust {
  head(chainId: Uint8Array): LedgerHead | undefined
  /** The list of a set that the way to the head names. */
  setOf(chainId: Uint8Array, root: Uint8Array): readonly Validator[] | undefined
  /** Whether a header that was kept, with its set, is of its chain by what is trusted now. */
  trusts(certified: CertifiedHeader, validators: readonly Validator[]): boolean
}

export interface KeptProofsDeps {
  readonly trust: HeaderTrust
  readonly rules: LightRules
  /** Of these proofs alone. */
  readonly store: Store
  readonly clock: Pick<Clock, 'now'>
  readonly log: Pick<Log, 'debug' | 'warn'>
}

/** What was proven of some keys together. */
export interface KeptAnswer {
  readonly keys: readonly Uint8Array[]
  readonly values: readonly (Uint8Array | undefined)[]
  readonly proof: Uint8Array
}

export interface RecalledProof {
  readonly header: BlockHeader
  readonly answers: readonly KeptAnswer[]
}

interface Row {
  readonly chainId: Uint8Array
  readonly height: number
  /** Of what is said, and when that was so; undefined: written by an earlier process. */
  readonly said: { readonly digest: string; readonly time: number } | undefined
}

const ROW = { HEADER: 1, PROOF: 2 } as const
const VERSION = 1
const CHAIN_BYTES = 32
const HEIGHT_BYTES = 8

export class KeptProofs {
  readonly #deps: KeptProofsDeps
  readonly #most: number
  /** By id, the one used longest ago first. */
  readonly #rows = new Map<string, Row>()
  /** Proofs by the key of their header. */
  readonly #users = new Map<string, number>()
  /** Headers that were looked at since the start, by key. */
  readonly #headers = new Map<string, CertifiedHeader>()

  /** `most`: proofs. What the store has is known at once, and read when it is asked for. */
  constructor(deps: KeptProofsDeps, most: number) {
    this.#deps = deps
    this.#most = most
    const known = [...deps.store.range(Uint8Array.of(ROW.PROOF), Uint8Array.of(ROW.PROOF + 1))]
    const rows = known.map(([key, value]) => ({ id: latin1(key.subarray(1)), ...placeOf(value), said: undefined }))
    for (const { id, ...row } of rows.sort((a, b) => a.height - b.height)) this.#add(id, row)
    this.#drop(this.#overdue())
  }

  get size(): number {
    return this.#rows.size
  }

  has(id: Uint8Array | string): boolean {
    return this.#rows.has(idOf(id))
  }

  /**
   * What was just proven, all of one header: the follower's newest, else it is not kept. What says the same as what is kept is written again
   * once an hour.
   */
  put(id: Uint8Array | string, header: BlockHeader, answers: readonly KeptAnswer[]): void {
    const { trust } = this.#deps
    const { chainId, height, time } = header
    const certified = trust.head(chainId)?.certified
    const validators = trust.setOf(chainId, header.validatorsHash)
    if (certified === undefined || certified.header !== header || validators === undefined) return
    const key = idOf(id)
    const digest = latin1(sha256(encodeCanonical(answers.map(({ keys, values }) => [keys, values.map(orNull)]))))
    const said = this.#rows.get(key)?.said
    if (said?.digest === digest && time - said.time < limits.KEPT_AGAIN_MS) return
    const gone = this.#forget(key)
    const headerKey = headerKeyOf(chainId, height)
    const isNew = !this.#users.has(latin1(headerKey))
    const value = concatBytes(headerKey.subarray(1), encodeAnswers(answers))
    const isKept = this.#written([
      ...gone.map((one): StoreWrite => ({ kind: 'delete', key: one })),
      ...(isNew ? [{ kind: 'put', key: headerKey, value: encodeHeader(certified, validators) } as const] : []),
      { kind: 'put', key: proofKeyOf(key), value },
    ])
    if (!isKept) return
    this.#add(key, { chainId, height, said: { digest, time } })
    this.#drop(this.#overdue())
  }

  /** Undefined: there is none, or it does not hold by what is trusted now. */
  get(id: Uint8Array | string): RecalledProof | undefined {
    const key = idOf(id)
    const row = this.#rows.get(key)
    if (row === undefined) return undefined
    try {
      const { certified, answers } = this.#read(key, row)
      this.#rows.delete(key)
      this.#rows.set(key, row)
      return certified && { header: certified.header, answers }
    } catch (error) {
      if (!isChordnsError(error)) throw error
      this.#deps.log.warn({ error: errorText(error) }, 'a kept proof of a ledger does not hold: it is thrown away')
      this.#drop([key])
      return undefined
    }
  }

  delete(id: Uint8Array | string): void {
    this.#drop([idOf(id)].filter((key) => this.#rows.has(key)))
  }

  /** Throws CHAIN_MALFORMED for what was changed. Without a header: nobody knows now whether it counts. */
  #read(key: string, row: Row): { readonly certified: CertifiedHeader | undefined; readonly answers: KeptAnswer[] } {
    const bytes = this.#deps.store.get(proofKeyOf(key))
    if (bytes === undefined) throw malformed('a proof that is gone')
    const place = placeOf(bytes)
    if (place.height !== row.height || !equalBytes(place.chainId, row.chainId)) throw malformed('another proof')
    const answers = decodeAnswers(bytes.subarray(CHAIN_BYTES + HEIGHT_BYTES))
    const { certified, isTrusted } = this.#header(row)
    for (const { keys, values, proof } of answers) {
      const claims = keys.map((one, index) => ({ key: one, value: values[index] }))
      if (verifyState(certified.header, claims, proof).kind !== 'proven') throw malformed('a proof that does not hold')
    }
    return { certified: isTrusted ? certified : undefined, answers }
  }

  #header({ chainId, height }: Row): { readonly certified: CertifiedHeader; readonly isTrusted: boolean } {
    const { trust, rules, store, clock } = this.#deps
    const key = headerKeyOf(chainId, height)
    const known = this.#headers.get(latin1(key))
    const state = trust.head(chainId)?.state
    if (known !== undefined && state !== 'forked' && !isExpired(rules, known.header, clock.now()))
      return { certified: known, isTrusted: true }
    const bytes = store.get(key)
    if (bytes === undefined) throw malformed('a header that is gone')
    const { certified, validators } = decodeHeader(bytes)
    const { header } = certified
    if (header.height !== height || !equalBytes(header.chainId, chainId) || !isDecided(rules, certified, validators))
      throw malformed('a header that nobody signed')
    const isTrusted = trust.trusts(certified, validators)
    if (isTrusted) this.#headers.set(latin1(key), certified)
    if (this.#headers.size > limits.MAX_TRAIL) this.#headers.delete(this.#headers.keys().next().value!)
    return { certified, isTrusted }
  }

  #add(id: string, row: Row): void {
    this.#rows.set(id, row)
    const key = latin1(headerKeyOf(row.chainId, row.height))
    this.#users.set(key, (this.#users.get(key) ?? 0) + 1)
  }

  /** The headers that nobody uses from now on. */
  #forget(id: string): Uint8Array[] {
    const row = this.#rows.get(id)
    if (row === undefined) return []
    this.#rows.delete(id)
    const header = headerKeyOf(row.chainId, row.height)
    const key = latin1(header)
    const left = (this.#users.get(key) ?? 1) - 1
    if (left > 0) {
      this.#users.set(key, left)
      return []
    }
    this.#users.delete(key)
    this.#headers.delete(key)
    return [header]
  }

  #overdue(): string[] {
    return [...this.#rows.keys()].slice(0, Math.max(0, this.#rows.size - this.#most))
  }

  #drop(ids: readonly string[]): void {
    const keys = ids.flatMap((id) => [proofKeyOf(id), ...this.#forget(id)])
    if (keys.length > 0) this.#written(keys.map((key) => ({ kind: 'delete', key })))
  }

  /** What a full or failing disk does not take is fetched again another time. */
  #written(writes: readonly StoreWrite[]): boolean {
    try {
      this.#deps.store.batch(writes, { durable: false })
      return true
    } catch (error) {
      if (!isChordnsError(error)) throw error
      this.#deps.log.debug({ code: error.code }, 'a proof of a ledger was not kept')
      return false
    }
  }
}

function idOf(id: Uint8Array | string): string {
  return typeof id === 'string' ? id : latin1(id)
}

function headerKeyOf(chainId: Uint8Array, height: number): Uint8Array {
  const key = new Uint8Array(1 + CHAIN_BYTES + HEIGHT_BYTES)
  key[0] = ROW.HEADER
  key.set(chainId, 1)
  new DataView(key.buffer).setBigUint64(1 + CHAIN_BYTES, BigInt(height))
  return key
}

function proofKeyOf(id: string): Uint8Array {
  return concatBytes(Uint8Array.of(ROW.PROOF), Buffer.from(id, 'latin1'))
}

/** Where a proof says what header it is of. What is too short is of none. */
function placeOf(value: Uint8Array): Pick<Row, 'chainId' | 'height'> {
  if (value.length < CHAIN_BYTES + HEIGHT_BYTES) return { chainId: new Uint8Array(CHAIN_BYTES), height: 0 }
  const height = new DataView(value.buffer, value.byteOffset).getBigUint64(CHAIN_BYTES)
  return { chainId: value.slice(0, CHAIN_BYTES), height: Number(height & 0x1f_ffff_ffff_ffffn) }
}

function encodeHeader(certified: CertifiedHeader, validators: readonly Validator[]): Uint8Array {
  return encodeCanonical([VERSION, certifiedHeaderToValue(certified), entriesToValue(validators)])
}

function decodeHeader(bytes: Uint8Array) {
  const row = readRow(readCbor(bytes, limits.MAX_CONFLICT_BYTES, 'kept header'), 3, 'kept header')
  if (row[0] !== VERSION) throw malformed('a kept header of another version')
  return { certified: certifiedHeaderFromValue(row[1]), validators: entriesFromValue(row[2]) }
}

function encodeAnswers(answers: readonly KeptAnswer[]): Uint8Array {
  const rows = answers.map(({ keys, values, proof }): CborValue => [keys, values.map(orNull), proof])
  return encodeCanonical([VERSION, rows])
}

function decodeAnswers(bytes: Uint8Array): KeptAnswer[] {
  const [version, rows] = readRow(readCbor(bytes, limits.MAX_KEPT_PROOF_BYTES, 'kept proof'), 2, 'kept proof')
  if (version !== VERSION) throw malformed('a kept proof of another version')
  return readList(rows, limits.MAX_KEPT_ANSWERS, 'kept answers', (field) => {
    const [keyFields, valueFields, proof] = readRow(field, 3, 'kept answer')
    const keys = readList(keyFields, limits.MAX_PROVEN_KEYS, 'keys', (key) =>
      readBytes(key, 0, limits.MAX_STATE_KEY_BYTES, 'key'),
    )
    const values = readList(valueFields, limits.MAX_PROVEN_KEYS, 'values', valueFrom)
    if (keys.length === 0 || values.length !== keys.length) throw malformed('keys without values')
    return { keys, values, proof: readBytes(proof, 0, limits.MAX_STATE_PROOF_BYTES, 'state proof') }
  })
}

function valueFrom(field: CborField): Uint8Array | undefined {
  return field === null ? undefined : readBytes(field, 0, limits.MAX_STATE_VALUE_BYTES, 'value')
}

function orNull(value: Uint8Array | undefined): CborValue {
  return value ?? null
}

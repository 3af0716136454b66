/** What the holder of a domain publishes and signs, and the payloads that carry it. */
import { fromHex, latin1, toHex } from '../../../base/index.ts'
import { encodeCanonical, type Signer, sha256, signedBytes } from '../../../crypto/index.ts'
import { type Name, parseName } from '../../../dns/index.ts'
import type { Payload } from '../../types.ts'
import { keyToValue, type NameSettings, settingsToValue } from '../names/settings.ts'
import { CLAIM_METHODS, ClaimKind, type ClaimMethod } from './kinds.ts'
import { limits } from './limits.ts'
import { type ProvenSet, setsToValue } from './sets.ts'

export const SCHEMA = 1

/** Whose claim it is, and of what. */
export interface ClaimPlace {
  readonly chainId: Uint8Array
  readonly label: Uint8Array
  /** Of the name so far: after it has changed hands once more, what was signed before is void. */
  readonly generation: number
}

/** Signed by the owner to be: who carries it, or controls the DNS for a moment, chooses neither keys nor servers. */
export function claimBytes(
  { chainId, label, generation }: ClaimPlace,
  owner: Uint8Array,
  settings: NameSettings,
): Uint8Array {
  const content = [chainId, label, generation, keyToValue(owner), settingsToValue(settings)]
  return signedBytes('chordns/claim/1', encodeCanonical(content))
}

/** Where the text stands: `_chordns.NAME`. */
export function claimTextName(zone: Name): Name {
  return parseName('_chordns', zone)
}

const TEXT = /^v=chordns1; ?key=([0-9a-f]{64})$/

/** What the TXT record says. */
export function claimText(owner: Uint8Array): string {
  return `v=chordns1; key=${toHex(owner)}`
}

/** The keys that TXT records name; `records`: RDATA. What has another form is passed over. */
export function keysInTexts(records: readonly Uint8Array[]): Uint8Array[] {
  return records.slice(0, limits.MAX_TEXTS).flatMap((rdata) => {
    const found = TEXT.exec(latin1(stringsOf(rdata)))
    return found === null ? [] : [fromHex(found[1]!)]
  })
}

/** The character strings of a TXT record in one; nothing where the lengths do not fit. */
function stringsOf(rdata: Uint8Array): Uint8Array {
  const parts: number[] = []
  for (let at = 0; at < rdata.length; at += 1 + rdata[at]!) {
    if (at + 1 + rdata[at]! > rdata.length) return new Uint8Array()
    parts.push(...rdata.subarray(at + 1, at + 1 + rdata[at]!))
  }
  return Uint8Array.from(parts)
}

/** What a site has to sign for the method `web`: nobody knows it before the block in which the claim was opened. */
export function challengeOf(chainId: Uint8Array, number: number, height: number, history: Uint8Array): Uint8Array {
  return sha256(signedBytes('chordns/claim-challenge/1', encodeCanonical([chainId, number, height, history])))
}

/** Signed by the owner; the site shows the signature in hex at `CLAIM_PATH`. */
export function webAnswerBytes(chainId: Uint8Array, label: Uint8Array, challenge: Uint8Array): Uint8Array {
  return signedBytes('chordns/claim-web/1', encodeCanonical([chainId, label, challenge]))
}

export const CLAIM_PATH = '/.well-known/chordns-claim'

/** For the method `secret`: what is sealed for one claim opens for no other. */
export function claimSecretContext(chainId: Uint8Array, label: Uint8Array, challenge: Uint8Array): Uint8Array {
  return signedBytes('chordns/claim-secret/1', encodeCanonical([chainId, label, challenge]))
}

/** Where the site is asked for it: one sealed secret in hex, 80 bytes, as the last part of the path. */
export const CLAIM_SECRET_PATH = /^\/\.well-known\/chordns-claim\/([0-9a-f]{160})$/
export const CLAIM_SECRET_BYTES = 32

export interface ClaimOpening {
  readonly place: ClaimPlace
  readonly settings: NameSettings
  readonly method: ClaimMethod
  /** What its carrier pays at most, the bond with it. */
  readonly most: number
}

export function openClaimPayload(signer: Signer, { place, settings, method, most }: ClaimOpening): Payload {
  const { publicKey: owner } = signer
  const signature = signer.sign(claimBytes(place, owner, settings))
  const content = [keyToValue(owner), settingsToValue(settings), CLAIM_METHODS.indexOf(method), most, signature]
  return [ClaimKind.OPEN, SCHEMA, place.label, place.generation, ...content]
}

export function observePayload(claim: number, isSeen: boolean): Payload {
  return [ClaimKind.OBSERVE, SCHEMA, claim, isSeen]
}

export interface ClaimProof extends Omit<ClaimOpening, 'method'> {
  readonly sets: readonly ProvenSet[]
}

export function proveClaimPayload(signer: Signer, { place, settings, most, sets }: ClaimProof): Payload {
  const { publicKey: owner } = signer
  const signature = signer.sign(claimBytes(place, owner, settings))
  const content = [keyToValue(owner), settingsToValue(settings), setsToValue(sets), most, signature]
  return [ClaimKind.PROVE, SCHEMA, place.label, place.generation, ...content]
}

/** Members vote for other keys of the root: `anchors` as `sortedAnchors` has them. */
export function anchorsVotePayload(anchors: readonly Uint8Array[], inFavour = true): Payload {
  return [ClaimKind.ANCHORS, SCHEMA, [...anchors], inFavour]
}

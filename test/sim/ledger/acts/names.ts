/** Names: commits, their reveals, and what owners sign. */
import { equalBytes, toHex } from '../../../../src/base/index.ts'
import { type Signer, sha256 } from '../../../../src/crypto/index.ts'
import {
  commitHash,
  commitPayload,
  nameRecordOf,
  nameTransferPayload,
  registerPayload,
  releasePayload,
  updatePayload,
} from '../../../../src/ledger/index.ts'
import { hex, KEPT } from '../cast.ts'
import type { Place } from '../intents.ts'
import { ZONE_KEYS } from '../zones.ts'
import { type Act, type Acting, anybody, labelOf, one } from './acting.ts'

function registrationOf(acting: Acting, label = labelToCommit(acting)) {
  const { random, cast, chainId } = acting
  const kept = cast.policy?.kept.find((one) => equalBytes(one.label, label))?.owner
  // Nobody has the key that stands for claims.
  const only = cast.owners.find(({ publicKey }) => kept !== undefined && equalBytes(publicKey, kept))?.publicKey
  const owner = only === undefined || random.below(4) === 0 ? one(random, cast.owners).publicKey : only
  const registration = { chainId, label, owner, salt: sha256(random.bytes(8)) }
  return { ...registration, hash: toHex(commitHash(registration)), settings: random.below(ZONE_KEYS) }
}

/** Where names have terms, as a rule one that is free or will be soon. */
function labelToCommit({ random, cast, state, policy }: Acting): Uint8Array {
  if (policy() === undefined) return one(random, cast.labels)
  if (random.below(25) === 0) return KEPT
  const free = cast.labels.filter((label) => nameRecordOf(state(), label)?.owner === undefined)
  return one(random, free.length === 0 || random.below(3) === 0 ? cast.labels : free)
}

export function commit(acting: Acting): Act {
  const { random, registrations } = acting
  const again = registrations.length > 0 && random.below(6) === 0
  const registration = again ? one(random, registrations) : registrationOf(acting)
  if (!again) registrations.push(registration)
  return commitTo(acting, registration)
}

/** Somebody wants this name, and nobody has said so yet. */
export function commitFor(acting: Acting, label: Uint8Array): Act | undefined {
  const { registrations, committed } = acting
  const waits = registrations.some((one) => equalBytes(one.label, label) && committed.has(one.hash))
  if (waits) return undefined
  const registration = registrationOf(acting, label)
  registrations.push(registration)
  return commitTo(acting, registration)
}

function commitTo(acting: Acting, registration: ReturnType<typeof registrationOf>): Act {
  return {
    actor: anybody(acting),
    payload: commitPayload(registration),
    deed: { kind: 'commit', hash: registration.hash },
  }
}

export function register(acting: Acting): Act {
  const { cast } = acting
  const { registration, label, signer, isOwn } = revealOf(acting)
  const settings = cast.zones.of(acting.chainName, registration.label).settings(registration.settings)
  const whole = { ...registration, label }
  return {
    actor: anybody(acting),
    payload: registerPayload(signer, whole, settings),
    deed: {
      kind: 'register',
      label: toHex(label),
      hash: toHex(commitHash(whole)),
      owner: hex(signer),
      settings,
      isTrue: isOwn && label === registration.label,
    },
  }
}

/** What can be revealed, of names that nobody has. */
export function ripeOf({ registrations, committed, height, state }: Acting) {
  return registrations.filter(({ hash, label }) => {
    const at = committed.get(hash)
    return at !== undefined && at < height() && nameRecordOf(state(), label)?.owner === undefined
  })
}

/** What somebody has said that he wants, the newest of it. */
export function wantedOf({ registrations, committed }: Acting) {
  return registrations.filter(({ hash }) => committed.has(hash)).slice(-8)
}

/** A commit that is shown, and who signs it. */
export function revealOf(acting: Acting, ripe = ripeOf(acting)) {
  const { random, cast, registrations } = acting
  // Mostly what waits; sometimes what nobody has committed to.
  const waits = registrations.length > 0 && random.below(12) > 0
  // The newest are too early as likely as not.
  const some = ripe.length > 0 && random.below(6) > 0 ? ripe : registrations.slice(random.below(4) === 0 ? 0 : -8)
  const registration = waits ? one(random, some) : registrationOf(acting)
  const label = random.below(25) === 0 ? new TextEncoder().encode('-no-name-') : registration.label
  const isOwn = random.below(15) > 0
  const owner = cast.owners.find(({ publicKey }) => toHex(publicKey) === toHex(registration.owner))!
  const signer: Signer = isOwn
    ? owner
    : {
        publicKey: owner.publicKey,
        sign: (bytes) =>
          one(
            random,
            [...cast.owners].filter((other) => other !== owner),
          ).sign(bytes),
      }
  return { registration, label, signer, isOwn }
}

/** The newest statement of a name's owner; sometimes an old one, or by somebody else. */
export function placeOf(
  acting: Acting,
  label = labelOf(acting),
): { readonly signer: Signer; readonly place: Place; readonly label: Uint8Array } {
  const { random, cast, state } = acting
  const record = nameRecordOf(state(), label)
  const owner = cast.owners.find(
    ({ publicKey }) => record?.owner !== undefined && toHex(publicKey) === toHex(record.owner),
  )
  const signer = owner === undefined || random.below(10) === 0 ? one(random, cast.owners) : owner
  const back = (count: number) => Math.max(0, count - Number(random.below(15) === 0))
  const place = {
    label: toHex(label),
    generation: back(record?.generation ?? 0),
    sequence: back(record?.sequence ?? 0),
    by: hex(signer),
  }
  return { signer, place, label }
}

/** Of one of the zone's keys. */
export function settingsOf({ random, cast, chainName }: Acting, label: Uint8Array) {
  return cast.zones.of(chainName, label).settings(random.below(ZONE_KEYS))
}

export function update(acting: Acting): Act {
  const { chainId } = acting
  const { signer, place, label } = placeOf(acting)
  const settings = settingsOf(acting, label)
  const { generation, sequence } = place
  return {
    actor: anybody(acting),
    payload: updatePayload(signer, { chainId, label, generation, sequence }, settings),
    deed: { kind: 'update', place, settings },
  }
}

export function transferName(acting: Acting): Act {
  const { random, cast, chainId } = acting
  const { signer, place, label } = placeOf(acting)
  const to = one(random, cast.owners).publicKey
  const settings = random.below(2) === 0 ? undefined : settingsOf(acting, label)
  const { generation, sequence } = place
  return {
    actor: anybody(acting),
    payload: nameTransferPayload(signer, { chainId, label, generation, sequence }, to, settings),
    deed: { kind: 'transferName', place, to: toHex(to), settings },
  }
}

export function release(acting: Acting): Act {
  const { signer, place, label } = placeOf(acting)
  const { generation, sequence } = place
  return {
    actor: anybody(acting),
    payload: releasePayload(signer, { chainId: acting.chainId, label, generation, sequence }),
    deed: { kind: 'release', place },
  }
}

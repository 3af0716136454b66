/**
 * What a node knows of invitations: how often each was used and by whom, and which were revoked. Two nodes that have heard the same
 * statements come to the same, in whichever order they came. Only what was verified is put in; it is bounded.
 *
 * The inviter has the last word on its own invitation: a use that it signed is *confirmed*, and stays. When as many are confirmed as
 * the invitation allows, or it was revoked before, the others are *surplus*: their machines have no seat and are not let in. Nobody
 * but the inviter can bring that about, so that no single member can unseat those whom others invited.
 */
import { compareBytes, equalBytes, fromHex, latin1, type PeerId, toHex } from '../../base/index.ts'
import { peerIdFromPublicKey, sha256 } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import type { Invitation, InvitationFault, InvitationStatement, InvitationUse, Revocation } from '../types.ts'
import { invitationKey, markOf } from './invitations.ts'

export interface HeldInvitation {
  readonly invitation: Invitation
  /** By the machine's key; one each. */
  readonly uses: Map<string, InvitationUse>
  revocation: Revocation | undefined
}

export class InvitationBook {
  readonly #held = new Map<string, HeldInvitation>()
  readonly #byMark = new Map<string, InvitationStatement>()
  /** Machines that joined by a use that is surplus, and by no other. */
  readonly #surplus = new Map<string, PeerId>()
  readonly #surplusPeers = new Set<PeerId>()
  readonly #inviters = new Map<string, Uint8Array>()
  #digest: Uint8Array | undefined

  /** Changes whenever something is put in or goes. */
  version = 0

  all(): readonly HeldInvitation[] {
    return [...this.#held.values()]
  }

  has(statement: InvitationStatement): boolean {
    return this.#byMark.has(toHex(markOf(statement)))
  }

  statements(): readonly InvitationStatement[] {
    return [...this.#byMark.values()]
  }

  marks(): Uint8Array[] {
    return [...this.#byMark.keys()].map(fromHex)
  }

  byMark(mark: Uint8Array): InvitationStatement | undefined {
    return this.#byMark.get(toHex(mark))
  }

  /** Equal for two nodes that have the same statements. */
  digest(): Uint8Array {
    this.#digest ??= sha256(new TextEncoder().encode([...this.#byMark.keys()].sort().join(''))).slice(
      0,
      limits.STATEMENT_DIGEST_BYTES,
    )
    return this.#digest
  }

  /** An own invitation that nobody has used yet; false when there are too many. */
  know(invitation: Invitation, now: number): boolean {
    return this.#hold(invitation, now) !== undefined
  }

  /** Puts a verified statement in; false when it brings nothing new, or there is no room for it. */
  add(statement: InvitationStatement, now: number): boolean {
    const held = this.#hold(statement.invitation, now)
    if (held === undefined) return false
    const before = statement.kind === 'revocation' ? held.revocation : held.uses.get(latin1(statement.machine))
    if (before !== undefined && !replaces(statement, before)) return false
    if (statement.kind === 'revocation') held.revocation = statement
    else {
      const isFull = before === undefined && held.uses.size >= held.invitation.uses + limits.MAX_SURPLUS_USES
      if (isFull || (before === undefined && this.#byMark.size >= limits.MAX_STATEMENTS && !this.#makeRoom(now)))
        return false
      held.uses.set(latin1(statement.machine), statement)
    }
    if (before !== undefined) this.#byMark.delete(toHex(markOf(before)))
    this.#byMark.set(toHex(markOf(statement)), statement)
    this.#count()
    return true
  }

  /** Why a machine cannot join by this invitation now, as far as this node knows. */
  faultOf(invitation: Invitation, machine: Uint8Array, now: number): InvitationFault | undefined {
    const held = this.#held.get(invitationKey(invitation))
    if (invitation.expires <= now) return 'expired'
    if (held?.revocation !== undefined) return 'revoked'
    if (held === undefined || held.uses.has(latin1(machine))) return undefined
    return held.uses.size >= invitation.uses ? 'used' : undefined
  }

  use(invitation: Invitation, machine: Uint8Array): InvitationUse | undefined {
    return this.#held.get(invitationKey(invitation))?.uses.get(latin1(machine))
  }

  /** True when the inviter may confirm one more. */
  hasRoom(invitation: Invitation): boolean {
    const held = this.#held.get(invitationKey(invitation))
    return held === undefined || confirmedIn(held) < invitation.uses
  }

  /** Whether this machine is among as many as the invitation allows: the confirmed first, then whoever came first. */
  isAmongFirst(invitation: Invitation, machine: Uint8Array): boolean {
    const held = this.#held.get(invitationKey(invitation))
    const own = held?.uses.get(latin1(machine))
    if (held === undefined || own === undefined || isSurplusIn(held, own)) return false
    const before = [...held.uses.values()].filter(
      (one) => one !== own && !isSurplusIn(held, one) && comesBefore(one, own),
    )
    return before.length < invitation.uses
  }

  isSurplus(publicKey: Uint8Array): boolean {
    return this.#surplus.size > 0 && this.#surplus.has(latin1(publicKey))
  }

  isSurplusPeer(peer: PeerId): boolean {
    return this.#surplusPeers.has(peer)
  }

  surplusKeys(): Uint8Array[] {
    return [...this.#held.values()].flatMap(({ uses }) =>
      [...uses.values()].flatMap(({ machine }) => (this.isSurplus(machine) ? [machine] : [])),
    )
  }

  /** Who invited the machine of this key; undefined for one that had the secret from elsewhere. */
  inviterOf(publicKey: Uint8Array): Uint8Array | undefined {
    return this.#inviters.get(latin1(publicKey))
  }

  /** Drops invitations that are over for LAPSE_MS; those by which somebody is a member, or is kept out, stay to be told. */
  lapse(now: number, isMember: (publicKey: Uint8Array) => boolean): void {
    for (const [key, { invitation, uses }] of [...this.#held]) {
      if (invitation.expires > now - limits.LAPSE_MS) continue
      if ([...uses.values()].some(({ machine }) => isMember(machine) || this.isSurplus(machine))) continue
      this.#drop(key)
    }
    this.#count()
  }

  #hold(invitation: Invitation, now: number): HeldInvitation | undefined {
    const key = invitationKey(invitation)
    const known = this.#held.get(key)
    // An inviter that signs two under one id: the first one that came counts here.
    if (known !== undefined) return equalBytes(known.invitation.signature, invitation.signature) ? known : undefined
    if (this.#openOf(invitation.inviter, now) >= limits.MAX_INVITATIONS_OF_ONE) return undefined
    if (this.#held.size >= limits.MAX_INVITATIONS && !this.#makeRoom(now)) return undefined
    const held: HeldInvitation = { invitation, uses: new Map(), revocation: undefined }
    this.#held.set(key, held)
    this.version += 1
    return held
  }

  #openOf(inviter: Uint8Array, now: number): number {
    let count = 0
    for (const { invitation } of this.#held.values())
      if (invitation.expires > now && equalBytes(invitation.inviter, inviter)) count += 1
    return count
  }

  /** The one that is over the longest goes, and with it who invited its machines; none by which somebody is kept out. */
  #makeRoom(now: number): boolean {
    let oldest: { readonly key: string; readonly expires: number } | undefined
    for (const [key, { invitation, uses }] of this.#held) {
      const { expires } = invitation
      if (expires > now || (oldest !== undefined && oldest.expires <= expires)) continue
      if (![...uses.values()].some(({ machine }) => this.isSurplus(machine))) oldest = { key, expires }
    }
    if (oldest === undefined) return false
    this.#drop(oldest.key)
    this.#count()
    return true
  }

  #drop(key: string): void {
    const held = this.#held.get(key)
    if (held === undefined) return
    const { uses, revocation } = held
    for (const one of [...uses.values(), ...(revocation === undefined ? [] : [revocation])])
      this.#byMark.delete(toHex(markOf(one)))
    this.#held.delete(key)
  }

  #count(): void {
    this.version += 1
    this.#digest = undefined
    this.#inviters.clear()
    this.#surplus.clear()
    this.#surplusPeers.clear()
    for (const held of this.#held.values()) {
      for (const [key, use] of held.uses) if (!isSurplusIn(held, use)) this.#inviters.set(key, use.invitation.inviter)
    }
    for (const held of this.#held.values()) {
      for (const [key, use] of held.uses) {
        if (!isSurplusIn(held, use) || this.#inviters.has(key)) continue
        const peer = peerIdFromPublicKey(use.machine)
        this.#surplus.set(key, peer)
        this.#surplusPeers.add(peer)
      }
    }
  }
}

/** Signed by the inviter itself: it counts its own invitation, and stays with what it said. */
export function isConfirmed({ door, invitation }: InvitationUse): boolean {
  return equalBytes(door, invitation.inviter)
}

/** Whether the inviter's word leaves no place for it. */
export function isSurplusIn(held: HeldInvitation, use: InvitationUse): boolean {
  if (isConfirmed(use)) return false
  return confirmedIn(held) >= held.invitation.uses || (held.revocation !== undefined && use.at > held.revocation.at)
}

function confirmedIn({ uses }: HeldInvitation): number {
  let count = 0
  for (const use of uses.values()) if (isConfirmed(use)) count += 1
  return count
}

/** Of two statements of one kind about one machine or invitation all nodes keep the same: the confirmed, then the earlier one. */
function replaces(next: InvitationStatement, current: InvitationStatement): boolean {
  if (next.kind === 'use' && current.kind === 'use') return comesBefore(next, current)
  return next.at < current.at
}

function comesBefore(a: InvitationUse, b: InvitationUse): boolean {
  if (isConfirmed(a) !== isConfirmed(b)) return isConfirmed(a)
  if (a.at !== b.at) return a.at < b.at
  const machines = compareBytes(a.machine, b.machine)
  return machines !== 0 ? machines < 0 : compareBytes(a.door, b.door) < 0
}

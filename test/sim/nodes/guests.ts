/** Machines that join a simulated ring by an invitation: whoever has its token claims a place at a door, and no more come in than it is for. */
import { concatBytes, equalBytes, errorText } from '../../../src/base/index.ts'
import { RequestRoom } from '../../../src/peer/rooms.ts'
import {
  decodeClaimReply,
  encodeClaim,
  guestDoorkeeper,
  type Invitation,
  invitationSecret,
  ringLimits,
  signClaim,
  signInvitation,
  signRevocation,
} from '../../../src/ring/index.ts'
import { addressesOf, type Machine } from './machine.ts'
import type { Fault } from './plan.ts'
import { RING_ID, type World } from './world.ts'

type Invite = Extract<Fault, { kind: 'invite' }>

interface Party {
  readonly invitation: Invitation
  readonly uses: number
  /** Machines that were given the secret. */
  readonly admitted: Machine[]
  readonly claims: number
  /** Of true time, monotonic ms. */
  revokedAt: number
}

const HOUR = 3_600_000
const PATIENCE_MS = 5_000
/** A claim that finds no door comes again. */
const AGAIN_MS = 1_000
const MOST_TRIES = 20
/** A revocation has reached all doors. */
const KNOWN_MS = 10_000

export class Guests {
  readonly #world: World
  readonly #parties: Party[] = []

  constructor(world: World) {
    this.#world = world
  }

  invite({ node, uses, claims, withinMs, revokedAfterMs }: Invite): void {
    const world = this.#world
    const inviter = world.machines[node]
    if (inviter?.isUp !== true) return
    const at = inviter.now()
    const random = world.stream(`invitation ${this.#parties.length}`)
    const id = random.bytes(ringLimits.INVITATION_ID_BYTES)
    const invitation = signInvitation(RING_ID, inviter.signer, { id, uses, at, expires: at + HOUR })
    inviter.life!.rooms.ring.invitations.announce(invitation)
    world.count('invitations')
    const party: Party = { invitation, uses, claims, admitted: [], revokedAt: Number.POSITIVE_INFINITY }
    this.#parties.push(party)
    for (let i = 0; i < claims; i++)
      world.clock.after(random.below(withinMs), () => void this.#claim(party, world.add(), 0))
    if (revokedAfterMs !== undefined) world.clock.after(revokedAfterMs, () => this.#revoke(party, inviter))
  }

  /** What must hold when all has become quiet; surplus guests are shut down, as whoever is turned away gives up. */
  flaw(): string | undefined {
    for (const { admitted, uses, claims, revokedAt } of this.#parties) {
      const surplus = admitted.filter((one) => this.#isTurnedAway(one))
      for (const one of surplus) {
        this.#world.count('surplus guests turned away')
        one.crash('process', 0, () => {})
      }
      const inside = admitted.length - surplus.length
      this.#world.count('guests inside', inside)
      if (inside > uses) return `${inside} machines joined by an invitation for ${uses}`
      if (inside < Math.min(uses, claims) && revokedAt === Number.POSITIVE_INFINITY)
        return `${inside} machines joined by an invitation for ${uses}, of ${claims} that tried`
    }
    return undefined
  }

  #revoke(party: Party, inviter: Machine): void {
    if (!inviter.isUp) return
    const { ring } = inviter.life!.rooms
    ring.invitations.announce(signRevocation(RING_ID, inviter.signer, party.invitation, inviter.now()))
    party.revokedAt = this.#world.clock.monotonic()
    this.#world.count('invitations revoked')
  }

  #isTurnedAway({ peer }: Machine): boolean {
    return this.#world.up().some(({ life }) => life!.rooms.ring.invitations.isTurnedAway(peer))
  }

  /** As `chordns join` does it, and tries again where a person would. */
  async #claim(party: Party, machine: Machine, tries: number): Promise<void> {
    const world = this.#world
    const { invitation } = party
    const random = world.stream(`claim ${machine.index} ${tries}`)
    const doors = world.up()
    const door = doors[random.below(doors.length)]!
    const secret = invitationSecret(world.secret, RING_ID, invitation)
    let fault: string | undefined
    const onFault = (said: string) => {
      fault = said
    }
    const doorkeeper = guestDoorkeeper({ ringId: RING_ID, random, invitation, secret, onFault })
    const transport = world.network.transport(machine.peer, doorkeeper, { address: machine.address })
    let key: { readonly secret: Uint8Array } | undefined
    try {
      const peer = await transport.connect([door.address], { timeoutMs: PATIENCE_MS })
      const claim = encodeClaim({ machine: machine.publicKey, claim: signClaim(RING_ID, machine.signer, invitation) })
      const body = concatBytes(Uint8Array.of(RequestRoom.JOINING), claim)
      const reply = decodeClaimReply(await transport.request(peer, body, { timeoutMs: PATIENCE_MS }))
      if ('fault' in reply) fault = reply.fault
      else key = reply
    } catch (error) {
      fault ??= errorText(error)
    } finally {
      await transport.close()
    }
    if (key !== undefined) this.#admit(party, machine, door, key.secret)
    else if (['used', 'revoked', 'expired', 'forged'].includes(fault!)) world.count(`guests refused: ${fault}`)
    else if (tries < MOST_TRIES) world.clock.after(AGAIN_MS, () => void this.#claim(party, machine, tries + 1))
    else world.violated('guests', `${machine.index} finds no door: ${fault}`)
  }

  #admit(party: Party, machine: Machine, door: Machine, secret: Uint8Array): void {
    const world = this.#world
    world.count('guests let in')
    if (!equalBytes(secret, world.secret)) world.violated('guests', `${machine.index} was given another secret`)
    if (world.clock.monotonic() > party.revokedAt + KNOWN_MS)
      world.violated('guests', `${door.index} lets ${machine.index} in by an invitation that was revoked`)
    party.admitted.push(machine)
    world.start(machine, addressesOf(0, 1, door.index))
  }
}

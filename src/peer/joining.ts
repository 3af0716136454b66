/** Inviting and joining from the command line: what is signed with the identity of this machine, and the way to a member's door. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ChordnsError, concatBytes, errorText, type Log, type PeerAddress, type Transport } from '../base/index.ts'
import { ed25519Signer, encodeCanonical, type Signer } from '../crypto/index.ts'
import { createLibp2pTransport, loadOrCreateIdentity, loadSecret, systemClock, systemRandom } from '../io/index.ts'
import {
  decodeClaimReply,
  encodeClaim,
  encodeToken,
  guestDoorkeeper,
  type Invitation,
  invitationSecret,
  invitationToValue,
  type JoinToken,
  type RingKey,
  ringLimits,
  signClaim,
  signInvitation,
  signRevocation,
} from '../ring/index.ts'
import { RequestRoom } from './rooms.ts'

const CONNECT_MS = 10_000
const clock = systemClock()
const random = systemRandom()

/** Where this machine's keys are, and of which ring. */
export interface InviterFiles {
  readonly data: string
  readonly ringId: string
  readonly secretFile: string
}

export interface Invited {
  readonly token: string
  readonly invitation: Invitation
  /** For the status API of the running node, which takes it up. */
  readonly announcement: string
}

/** Signs an invitation with the identity in the data directory. Throws KEY_*: only who may read the keys can invite. */
export async function makeInvitation(
  files: InviterFiles,
  { uses, forMs, addresses }: { readonly uses: number; readonly forMs: number; readonly addresses: readonly string[] },
): Promise<Invited> {
  const { ringId } = files
  const at = Math.floor(clock.now())
  const id = random.bytes(ringLimits.INVITATION_ID_BYTES)
  const ringSecret = await loadSecret(files.secretFile)
  const invitation = signInvitation(ringId, await signerOf(files), { id, uses, at, expires: at + forMs })
  const secret = invitationSecret(ringSecret, ringId, invitation)
  return {
    token: encodeToken({ ringId, admission: 'psk', invitation, secret, addresses }),
    invitation,
    announcement: Buffer.from(encodeCanonical(invitationToValue(invitation))).toString('base64url'),
  }
}

/** The inviter's word that its invitation of this id (hex) is good for nothing from now on, for the status API. */
export async function makeRevocation(
  files: InviterFiles,
  id: string,
): Promise<{ readonly at: number; readonly signature: string }> {
  const signer = await signerOf(files)
  const at = Math.floor(clock.now())
  const named = { inviter: signer.publicKey, id: new Uint8Array(Buffer.from(id, 'hex')) }
  const { signature } = signRevocation(files.ringId, signer, named, at)
  return { at, signature: Buffer.from(signature).toString('base64url') }
}

/** Claims a place at the door of a member that the token names. Throws INVITATION_REFUSED or INVITATION_UNREACHABLE. */
export async function redeemToken(
  token: Extract<JoinToken, { readonly admission: 'psk' }>,
  data: string,
): Promise<RingKey> {
  if (token.invitation.expires <= clock.now()) throw refusal('expired')
  await mkdir(data, { recursive: true, mode: 0o700 })
  const seed = await loadOrCreateIdentity(join(data, 'identity.key'))
  const signer = ed25519Signer(seed)
  let fault: string | undefined
  const doorkeeper = guestDoorkeeper({
    ...token,
    random,
    onFault: (said) => {
      fault = said
    },
  })
  const transport = await createLibp2pTransport({
    seed,
    listen: [],
    announce: [],
    doorkeeper,
    clock,
    log: SILENT,
  })
  const tried: string[] = []
  try {
    for (const addresses of byMember(token.addresses)) {
      fault = undefined
      try {
        const reply = await claimAt(transport, token, signer, addresses)
        if (!('fault' in reply)) return reply
        fault = reply.fault
      } catch (error) {
        tried.push(`${addresses[0]}: ${errorText(error)}`)
      }
      // Another member may have room, or have come to know the inviter.
      if (fault !== undefined && fault !== 'busy' && fault !== 'unknown-inviter') break
    }
  } finally {
    await transport.close()
  }
  if (fault !== undefined) throw refusal(fault)
  throw new ChordnsError(
    'INVITATION_UNREACHABLE',
    `no member lets this machine in; is \`chordns start\` running there, and can its port be reached from here?\n  ${tried.join('\n  ')}`,
    { tried },
  )
}

async function claimAt(
  transport: Transport,
  { ringId, invitation }: Extract<JoinToken, { readonly admission: 'psk' }>,
  signer: Signer,
  addresses: readonly PeerAddress[],
) {
  const peer = await transport.connect(addresses, { timeoutMs: CONNECT_MS })
  const claim = encodeClaim({ machine: signer.publicKey, claim: signClaim(ringId, signer, invitation) })
  const body = concatBytes(Uint8Array.of(RequestRoom.JOINING), claim)
  return decodeClaimReply(await transport.request(peer, body, { timeoutMs: CONNECT_MS }))
}

/** Addresses of one member are tried at once, members one after the other: two doors need not hear of one claim. */
function byMember(addresses: readonly PeerAddress[]): PeerAddress[][] {
  const groups = new Map<string, PeerAddress[]>()
  for (const address of addresses) {
    const peer = /\/p2p\/([^/]+)$/.exec(address)?.[1] ?? address
    groups.set(peer, [...(groups.get(peer) ?? []), address])
  }
  return [...groups.values()]
}

function refusal(fault: string): ChordnsError {
  const texts: Readonly<Record<string, string>> = {
    expired: 'its time is over; ask for a new one',
    revoked: 'it was revoked; ask for a new one',
    used: 'as many machines as it is for have used it; ask for a new one',
    forged: 'its signatures are not right; ask for a new one',
    'unknown-inviter': 'the members that answered do not know who made it; name one that does, or ask for a new one',
    busy: 'the members that answered have no time for it now; try again in a minute',
  }
  return new ChordnsError('INVITATION_REFUSED', `the invitation does not count: ${texts[fault] ?? fault}`, { fault })
}

async function signerOf({ data }: InviterFiles): Promise<Signer> {
  return ed25519Signer(await loadOrCreateIdentity(join(data, 'identity.key')))
}

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** The vectors of claims and of identities in docs/protocol.md. */
import { toHex } from '../../src/base/index.ts'
import { ed25519Signer, encodeCanonical, type Signer, sha256 } from '../../src/crypto/index.ts'
import { sealTo } from '../../src/crypto/sealed.ts'
import { parseName, Type } from '../../src/dns/index.ts'
import {
  anchorsVotePayload,
  type CertifierSubject,
  certifierVotePayload,
  claimBytes,
  claimKeys,
  claimRulesToValue,
  claimSecretContext,
  claimText,
  encodePayload,
  endorseIdentityPayload,
  identityBytes,
  identityStateKeys,
  type NameSettings,
  observePayload,
  openClaimPayload,
  type Payload,
  proveClaimPayload,
  revokeIdentityPayload,
  signIdentity,
  siteBytes,
  webAnswerBytes,
} from '../../src/ledger/index.ts'
import { challengeOf } from '../../src/ledger/modules/claims/statements.ts'

const text = (value: string) => new TextEncoder().encode(value)
const TIME = 1_800_000_000_000

/** `signer` has the key of the other vectors, and claims the name. */
export function claimVectors(signer: Signer): Record<string, string> {
  const chainId = sha256(text('chordns name vector'))
  const label = text('example')
  const ds = Uint8Array.of(0x30, 0x39, 15, 2, ...sha256(text('chordns zone key vector')))
  const servers = [{ name: parseName('ns.example.p2p.'), addresses: [Uint8Array.of(192, 0, 2, 1)] }]
  const settings: NameSettings = { updateByCds: true, ds: [ds], servers }
  const place = { chainId, label, generation: 0 }
  const challenge = challengeOf(chainId, 1, 7, new Uint8Array(32))
  const sets = [{ name: parseName('.'), type: Type.DNSKEY, records: [text('a')], signature: text('b') }]
  const certifier = ed25519Signer(sha256(text('chordns certifier vector'))).publicKey
  const request = { chainId, certifier, name: 'Ada Ltd', until: TIME }
  const subject: CertifierSubject = { kind: 'add', account: certifier, name: 'A CA' }
  const site = { chainId, label, generation: 1, spki: sha256(text('chordns site vector')), until: TIME }
  const hex = (payload: Payload) => toHex(encodePayload(payload))
  return {
    'rules of claims': toHex(
      encodeCanonical(claimRulesToValue({ windowMs: 3_600_000, bond: 100, payee: signer.publicKey, anchors: [ds] })),
    ),
    'text of a claim': toHex(text(claimText(signer.publicKey))),
    'signed claim': toHex(claimBytes(place, signer.publicKey, settings)),
    'claim to be observed': hex(openClaimPayload(signer, { place, settings, method: 'txt', most: 110 })),
    'challenge of a claim': toHex(challenge),
    'signed answer of a site': toHex(webAnswerBytes(chainId, label, challenge)),
    'sealed secret of a claim': toHex(
      sealTo(
        signer.publicKey,
        claimSecretContext(chainId, label, challenge),
        sha256(text('chordns secret vector')),
        sha256(text('chordns once vector')),
      )!,
    ),
    'observation of a claim': hex(observePayload(1, true)),
    'claim by proof': hex(proveClaimPayload(signer, { place, settings, most: 10, sets })),
    'vote on root keys': hex(anchorsVotePayload([ds])),
    'key of a claim': toHex(claimKeys.claim(1)),
    'vote on a certifier': hex(certifierVotePayload(subject)),
    'signed identity': toHex(identityBytes(request, signer.publicKey)),
    'endorsed identity': hex(endorseIdentityPayload(signer.publicKey, request, signIdentity(signer, request))),
    'identity taken back': hex(revokeIdentityPayload(signer.publicKey)),
    'key of identities': toHex(identityStateKeys(signer.publicKey)[1]),
    'signed key of a site': toHex(siteBytes(site)),
  }
}

/** The vectors of the life of a name in docs/protocol.md. */
import { concatBytes, toHex } from '../../src/base/index.ts'
import { ed25519Signer, encodeCanonical, type Signer, sha256 } from '../../src/crypto/index.ts'
import { parseName } from '../../src/dns/index.ts'
import {
  cancelPayload,
  defaultPolicy,
  encodePayload,
  encodeRecord,
  freePagesPayload,
  freezePayload,
  guardianStatements,
  guardiansCancelPayload,
  guardiansHash,
  keepPayload,
  keptFileParts,
  lockPayload,
  makeKeptBook,
  type NameSettings,
  policyStateKey,
  policyToValue,
  recoverPayload,
  registerTermPayload,
  renewPayload,
  restorePayload,
  rollOwnerPayload,
  setGuardiansPayload,
  setPolicyPayload,
  settlePayload,
  shownOf,
  signAsGuardians,
  titlePayload,
  unusedPayload,
  wishPayload,
} from '../../src/ledger/index.ts'
import { handsCountKey } from '../../src/ledger/modules/names/hands.ts'

const text = (value: string) => new TextEncoder().encode(value)
const TIME = 1_800_000_000_000

/** `signer` has the key of the other vectors, and owns the name. */
export function lifeVectors(signer: Signer): Record<string, string> {
  const chainId = sha256(text('chordns name vector'))
  const label = text('example')
  const guardian = ed25519Signer(sha256(text('chordns guardian vector')))
  const to = ed25519Signer(sha256(text('chordns new owner vector'))).publicKey
  const ds = Uint8Array.of(0x30, 0x39, 15, 2, ...sha256(text('chordns zone key vector')))
  const servers = [{ name: parseName('ns.example.p2p.'), addresses: [Uint8Array.of(192, 0, 2, 1)] }]
  const settings: NameSettings = { updateByCds: true, ds: [ds], servers }
  const place = { chainId, label, generation: 1, sequence: 0 }
  const guarded = { chainId, label, generation: 1, round: 0 }
  const guardians = { enough: 1, delayMs: 604_800_000, keyWins: false, keys: [guardian.publicKey] }
  const hash = guardiansHash(guardians)
  const sign = (bytes: Uint8Array) => signAsGuardians(guardians, [guardian], bytes)
  const registration = { chainId, label, owner: signer.publicKey, salt: new Uint8Array(32).fill(7) }
  const wishes = { terms: 1, isMovable: false, guardians: hash }
  const record = {
    owner: signer.publicKey,
    settings,
    generation: 1,
    sequence: 0,
    registered: TIME,
    commit: 1,
    committed: TIME,
    newestCds: 0,
    expires: TIME + defaultPolicy.termMs,
    life: {
      resolves: TIME + defaultPolicy.termMs + defaultPolicy.graceMs,
      freed: 0,
      isLocked: false,
      lockedUntil: 0,
      frozenUntil: 0,
      guardians: hash,
      round: 1,
      judgedFrom: TIME,
      pending: { kind: 'recovery', at: TIME + 604_800_000, to, keyMayCancel: true },
    },
  } as const
  const book = makeKeptBook(['shop', 'bank'])
  const kept = [{ label: text('nic'), owner: undefined }]
  const hex = (payload: Parameters<typeof encodePayload>[0]) => toHex(encodePayload(payload))
  return {
    'policy of names': toHex(
      encodeCanonical(policyToValue({ ...defaultPolicy, useMs: 30 * 86_400_000, payee: signer.publicKey, kept })),
    ),
    'policy state key': toHex(policyStateKey),
    'guardians hash': toHex(hash),
    'registration for a term': hex(registerTermPayload(signer, registration, { settings, wishes, most: 10 })),
    'name renewal': hex(renewPayload(label, 1, 1, 10)),
    'name restoration': hex(restorePayload(signer, place, 1, 110)),
    'name lock': hex(lockPayload(signer, place, true)),
    'name cancellation': hex(cancelPayload(signer, place)),
    'roll-over of an owner key': hex(rollOwnerPayload(signer, place, to)),
    'naming of guardians': hex(setGuardiansPayload(signer, place, hash)),
    'name freeze': hex(
      freezePayload(label, TIME + 86_400_000, sign(guardianStatements.freeze(guarded, TIME + 86_400_000))),
    ),
    'name recovery': hex(recoverPayload(label, to, sign(guardianStatements.recover(guarded, to)))),
    'cancellation by guardians': hex(guardiansCancelPayload(label, sign(guardianStatements.cancel(guarded)))),
    'vote on an unused name': hex(unusedPayload(label, 1)),
    'vote on a policy': hex(setPolicyPayload({ ...defaultPolicy, payee: signer.publicKey }, 60_000)),
    'vote on a kept name': hex(keepPayload(label, to)),
    'settling of a name': hex(settlePayload(label)),
    'wish for a name': hex(wishPayload({ label, tld: 'com', owner: signer.publicKey })),
    'vote on a title': hex(titlePayload({ label, tld: 'com', owner: signer.publicKey })),
    'policy of names with pages': toHex(
      encodeCanonical(policyToValue({ ...defaultPolicy, payee: signer.publicKey, pages: book.root })),
    ),
    'file of kept names': toHex(concatBytes(...keptFileParts(book))),
    'registration with a page': hex(
      registerTermPayload(signer, registration, { settings, wishes, most: 10, page: shownOf(book, 0) }),
    ),
    'vote on pages of kept names': hex(freePagesPayload(book.root)),
    'living name record': toHex(encodeRecord(record)),
    'key of the count of changes': toHex(handsCountKey),
  }
}

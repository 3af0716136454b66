/** The vectors of the chapter on names in docs/protocol.md. */
import { toHex } from '../../src/base/index.ts'
import { ed25519Signer, type Signer, sha256 } from '../../src/crypto/index.ts'
import { parseName } from '../../src/dns/index.ts'
import {
  commitPayload,
  encodePayload,
  encodeRecord,
  type NameSettings,
  nameStateKey,
  nameTransferPayload,
  registerPayload,
  releasePayload,
  updateByCdsPayload,
  updatePayload,
} from '../../src/ledger/index.ts'
import { registrationBytes } from '../../src/ledger/modules/names/statements.ts'

const text = (value: string) => new TextEncoder().encode(value)

/** `signer` has the key of the other vectors, and owns the name. */
export function nameVectors(signer: Signer): Record<string, string> {
  const chainId = sha256(text('chordns name vector'))
  const label = text('example')
  const registration = { chainId, label, owner: signer.publicKey, salt: new Uint8Array(32).fill(7) }
  const ds = Uint8Array.of(0x30, 0x39, 15, 2, ...sha256(text('chordns zone key vector')))
  const settings: NameSettings = {
    updateByCds: true,
    ds: [ds],
    servers: [{ name: parseName('ns.example.p2p.'), addresses: [Uint8Array.of(192, 0, 2, 1)] }],
  }
  const place = { chainId, label, generation: 1, sequence: 0 }
  const to = ed25519Signer(sha256(text('chordns new owner vector'))).publicKey
  const cds = { cds: [ds], cdsSignatures: [text('a')], dnskeys: [text('b')], dnskeySignatures: [text('c')] }
  const record = {
    owner: signer.publicKey,
    settings,
    generation: 1,
    sequence: 0,
    registered: 1_800_000_120_000,
    commit: 1,
    committed: 1_800_000_000_000,
    newestCds: 0,
    expires: 0,
  }
  return {
    'name commit': toHex(encodePayload(commitPayload(registration))),
    'signed registration': toHex(registrationBytes(registration, settings)),
    'name registration': toHex(encodePayload(registerPayload(signer, registration, settings))),
    'name update': toHex(encodePayload(updatePayload(signer, place, settings))),
    'name transfer': toHex(encodePayload(nameTransferPayload(signer, place, to))),
    'name release': toHex(encodePayload(releasePayload(signer, place))),
    'keys by CDS': toHex(encodePayload(updateByCdsPayload(label, cds))),
    'name state key': toHex(nameStateKey(label)),
    'name record': toHex(encodeRecord(record)),
  }
}

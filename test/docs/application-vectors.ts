/** The vectors of the chapter on the ledger's application in docs/protocol.md. */
import { toHex } from '../../src/base/index.ts'
import { type BlockHeader, decodeTransaction, signTransaction } from '../../src/chain/index.ts'
import { ed25519Signer, type Signer, sha256 } from '../../src/crypto/index.ts'
import { parseName } from '../../src/dns/index.ts'
import {
  ACCOUNTS,
  ADMISSION,
  AUTHORITY,
  activatePayload,
  answerBytes,
  applicationBytes,
  beaconPayload,
  commitmentTo,
  complainPayload,
  encodePayload,
  encodeTableHeader,
  encodeTableRecord,
  endorsePayload,
  endorserVotePayload,
  handOverTldPayload,
  heldAccount,
  ledgerModules,
  moduleKey,
  NAMES,
  nodeVotePayload,
  proposePayload,
  REGISTRIES,
  replyPayload,
  saltFrom,
  signInquiry,
  type TldRecord,
  tableHeaderOf,
  tableRecordOf,
  tldStateKey,
  tldVotePayload,
  updateTldPayload,
  votingKeyPayload,
} from '../../src/ledger/index.ts'
import { nodeBlocks } from '../ledger/modules/node-blocks.ts'

const text = (value: string) => new TextEncoder().encode(value)
const TIME = 1_800_000_000_000

export function applicationVectors(signer: Signer): Record<string, string> {
  const chainId = sha256(text('chordns chain vector'))
  const machine = ed25519Signer(sha256(text('chordns machine vector')))
  const account = signer.publicKey
  const application = { name: 'school', ringKey: machine.publicKey, contact: 'it@school.example' }
  const asked = signInquiry(chainId, signer, { list: 0, account, nonce: new Uint8Array(16).fill(7), at: TIME })
  const endorse = endorsePayload(0, account, {
    ...application,
    signature: signer.sign(applicationBytes(chainId, 0, account, application)),
    inquiry: asked,
    answer: machine.sign(answerBytes(chainId, asked, machine.publicKey)),
  })
  const secret = sha256(text('secret'))
  const validator = sha256(machine.publicKey)
  const header: BlockHeader = {
    chainId,
    height: 1,
    time: TIME,
    proposer: validator,
    previousId: new Uint8Array(32),
    transactionsRoot: sha256(text('transactions')),
    stateRoot: sha256(text('state')),
    validatorsHash: new Uint8Array(32),
    nextValidatorsHash: new Uint8Array(32),
    lastCertificateHash: new Uint8Array(32),
    extension: Uint8Array.of(0),
  } as BlockHeader
  const payload = encodePayload(tldVotePayload({ kind: 'give', label: text('p2p'), registry: account }))
  const transaction = decodeTransaction(signTransaction(signer, chainId, { nonce: 0, fee: 0, expires: TIME, payload }))
  const place = { chainName: 'root', operation: 120, time: TIME }
  const charge = { account, reason: 'abnormal block', heights: [4711], text: 'no signature' } as const
  const mark = { height: 4711, transaction: sha256(text('transaction')) }
  const payments = [{ mark: 0, to: machine.publicKey, amount: 250 }]
  const compensation = { kind: 'compensate', account, marks: [mark], payments } as const
  const hex = (value: Parameters<typeof encodePayload>[0]) => toHex(encodePayload(value))
  const ds = [Uint8Array.of(0x30, 0x39, 15, 2, ...sha256(text('chordns zone key vector')))]
  const servers = [{ name: parseName('ns.nic.p2p.'), addresses: [Uint8Array.of(192, 0, 2, 1)] }]
  const zone = { updateByCds: true, ds, servers }
  const tld = { chainId, zone, isLedgerOnly: true }
  const stored = storedTlds(tld)
  return {
    'endorse payload': hex(endorse),
    'endorser vote payload': hex(endorserVotePayload(0, { kind: 'add', account, name: 'another' })),
    'beacon payload': hex(beaconPayload(secret, commitmentTo(chainId, validator, 3, secret))),
    'salt of a ring key': toHex(saltFrom(sha256(text('draw')), 0, machine.publicKey)),
    'node vote payload': hex(nodeVotePayload({ kind: 'add', account, role: 'registrar' })),
    'voting key payload': hex(votingKeyPayload(machine.publicKey, new Uint8Array(64).fill(1))),
    'TLD vote payload': toHex(payload),
    'TLD settings payload': hex(updateTldPayload(text('p2p'), tld)),
    'TLD hand-over payload': hex(handOverTldPayload(text('p2p'), machine.publicKey)),
    'key of a TLD': toHex(moduleKey(REGISTRIES, tldStateKey(text('p2p')))),
    'TLD in the state': stored(tldStateKey(text('p2p'))),
    'number of TLDs': stored(Uint8Array.of(4)),
    'page of TLDs': stored(Uint8Array.of(5, 0, 0)),
    'activation payload': hex(activatePayload({ module: 128, height: 1_000 })),
    'complaint payload': hex(complainPayload(charge)),
    'motion to remove payload': hex(proposePayload({ kind: 'remove', ...charge })),
    'motion to compensate payload': hex(proposePayload(compensation)),
    'reply payload': hex(replyPayload(7, true)),
    'held account': toHex(heldAccount(account)),
    'table 1 of a header': toHex(encodeTableHeader(tableHeaderOf(header))),
    'table 2 of a transaction': toHex(encodeTableRecord(tableRecordOf(transaction, place))),
  }
}

/** What stands in the state once the TLD is given, at height 1, and its registry has said the rest, at height 2. */
function storedTlds(tld: Pick<TldRecord, 'chainId' | 'zone' | 'isLedgerOnly'>): (key: Uint8Array) => string {
  const chain = nodeBlocks(ledgerModules, [ACCOUNTS, ADMISSION, AUTHORITY, NAMES, REGISTRIES])
  const [a, b, c] = chain.members
  const label = text('p2p')
  const give = tldVotePayload({ kind: 'give', label, registry: a.publicKey })
  chain.codes([a, give], [b, give], [c, give])
  chain.codes([a, updateTldPayload(label, tld)])
  return (key) => toHex(chain.state().get(moduleKey(REGISTRIES, key))!)
}

/** The vectors of the chapter on ledger chains in docs/protocol.md. */
import { toHex } from '../../src/base/index.ts'
import { BlockParts, partToValue, transactionsRoot } from '../../src/chain/blocks/parts.ts'
import { claimBytes, voteBytes } from '../../src/chain/blocks/signing.ts'
import {
  type BlockCertificate,
  type BlockHeader,
  type BrokenLock,
  blockIdOf,
  certificateToValue,
  checkpointText,
  cosign,
  cosignerKey,
  emptyStateMap,
  encodeBrokenLock,
  encodeFollowReply,
  encodeFollowRequest,
  encodeGenesis,
  encodeHeaderFork,
  encodeLink,
  encodeLockAnswer,
  encodeNote,
  encodeProofFile,
  encodeResult,
  encodeTwoNotes,
  encodeWarmProof,
  formatNoteKey,
  type Genesis,
  HistoryLog,
  headerToValue,
  historyRoot,
  ledgerChainId,
  lightRules,
  lockCharge,
  merkleRoot,
  originOf,
  proveKeys,
  setRoot,
  signTransaction,
  stateRoot,
  stateSet,
  stateView,
  transactionId,
  type Validator,
  type Vote,
} from '../../src/chain/index.ts'
import { ed25519, ed25519Signer, encodeCanonical, type Signer, sha256 } from '../../src/crypto/index.ts'
import { encodePayload, renewLinkPayload } from '../../src/ledger/index.ts'

const text = (value: string) => new TextEncoder().encode(value)
const TIME = 1_800_000_000_000

/** `signer` has the key of the other vectors. */
export function ledgerVectors(signer: Signer, memberId: Uint8Array): Record<string, string> {
  const voting = ed25519Signer(sha256(text('chordns voting key vector')))
  const validators = [{ id: memberId, publicKey: voting.publicKey }]
  const genesis: Genesis = {
    ringId: 'home',
    name: 'root',
    time: TIME,
    validators,
    heartbeatMs: 60_000,
    intervalMs: 1_000,
    rules: 1,
    application: new Uint8Array(),
  }
  const chainId = ledgerChainId(genesis)
  const transaction = signTransaction(signer, chainId, {
    nonce: 0,
    fee: 1,
    expires: TIME + 60_000,
    payload: Uint8Array.of(0x81, 0x18, 0x20),
  })
  const result = encodeResult({ code: 0, fee: 1, detail: new Uint8Array() })
  const state = stateSet(stateSet(emptyStateMap, text('a'), text('1')), text('b'), text('2'))
  const set = setRoot(validators)
  const header: BlockHeader = {
    chainId,
    height: 1,
    time: TIME + 1_000,
    proposer: memberId,
    previousId: new Uint8Array(32),
    transactionsRoot: transactionsRoot(2, [transaction]),
    stateRoot: stateRoot(state),
    validatorsHash: set,
    nextValidatorsHash: set,
    lastCertificateHash: new Uint8Array(32),
    extension: Uint8Array.of(0),
    ledger: {
      afterValidatorsRoot: set,
      resultsRoot: merkleRoot([result]),
      historyRoot: historyRoot({ size: 0, hashes: [] }),
      evidenceRoot: merkleRoot([]),
      rules: 1,
      nextRules: undefined,
    },
  }
  const blockId = blockIdOf(header)
  const signature = voting.sign(voteBytes(chainId, { kind: 'precommit', height: 1, round: 0, blockId }))
  const certificate: BlockCertificate = {
    scheme: 1,
    height: 1,
    round: 0,
    blockId,
    signatures: [{ index: 0, signature }],
  }
  const log = new HistoryLog()
  log.append(blockId)
  const note = checkpointText({ origin: originOf('home', 'root'), size: 1, root: historyRoot(log.edge) })
  const signed = encodeNote({ text: note, signatures: [cosign(voting, memberId, note, TIME / 1_000)] })
  return {
    genesis: toHex(encodeGenesis(genesis)),
    'ledger chain id': toHex(chainId),
    'set root': toHex(set),
    transaction: toHex(transaction),
    'transaction id': toHex(transactionId(transaction)),
    result: toHex(result),
    'block part': toHex(encodeCanonical(partToValue(new BlockParts([transaction, Uint8Array.of(1)]).from(1)!))),
    'ledger header': toHex(encodeCanonical(headerToValue(header))),
    'ledger block id': toHex(blockId),
    'ledger certificate': toHex(encodeCanonical(certificateToValue(certificate))),
    'state proof': toHex(proveKeys(stateView(state), [text('a')])),
    'absence proof': toHex(proveKeys(stateView(state), [text('c')])),
    'warm proof': toHex(
      encodeWarmProof({ height: 1, value: text('1'), stateProof: proveKeys(stateView(state), [text('a')]) }),
    ),
    'proof file': toHex(
      encodeProofFile({
        head: { header, certificate },
        claims: [
          { key: text('a'), value: text('1') },
          { key: text('c'), value: undefined },
        ],
        stateProof: proveKeys(stateView(state), [text('a'), text('c')]),
        older: undefined,
        validators,
        trail: [],
      }),
    ),
    ...linkVectors({ header, certificate, validators, note: signed }),
    ...faultVectors({ chainId, header, validators, voting, memberId, log, note: signed }),
    'link request': toHex(encodeFollowRequest({ kind: 'link', chainId, oldSize: 100, setRoot: set, size: 0 })),
    'header request': toHex(encodeFollowRequest({ kind: 'header', chainId, height: 0, of: 7 })),
    'older header request': toHex(encodeFollowRequest({ kind: 'older', chainId, of: 1, within: 7 })),
    'set request': toHex(encodeFollowRequest({ kind: 'set', chainId, root: set })),
    'state request': toHex(encodeFollowRequest({ kind: 'state', chainId, height: 1, keys: [text('a'), text('c')] })),
    'header reply': toHex(
      encodeFollowReply({ kind: 'header', certified: { header, certificate }, path: undefined, hasConflict: false }),
    ),
    'set reply': toHex(encodeFollowReply({ kind: 'set', validators })),
    'state reply': toHex(
      encodeFollowReply({
        kind: 'state',
        values: [text('1'), undefined],
        proof: proveKeys(stateView(state), [text('a'), text('c')]),
      }),
    ),
    'checkpoint note': toHex(signed),
    'cosigner key': toHex(text(formatNoteKey(cosignerKey(validators[0]!)))),
  }
}

/** What another chain takes of this one, whose only header is shown. The second one of the fork has no signature that holds. */
function linkVectors({
  header,
  certificate,
  validators,
  note,
}: {
  readonly header: BlockHeader
  readonly certificate: BlockCertificate
  readonly validators: readonly Validator[]
  readonly note: Uint8Array
}): Record<string, string> {
  const origin = originOf('home', 'root')
  const link = encodeLink({
    origin,
    oldSize: 0,
    proof: [],
    note,
    header,
    path: [],
    lastSet: validators,
    ownSet: undefined,
  })
  const first = { header, certificate }
  const second = { header: { ...header, time: header.time + 1 }, certificate }
  const conflict = { first, second, firstSet: validators, secondSet: validators, older: undefined }
  return {
    'link of a chain': toHex(link),
    'vote where a link begins anew': toHex(encodePayload(renewLinkPayload(link))),
    'two headers of a linked chain': toHex(encodeHeaderFork({ origin, conflict, lastSet: validators })),
  }
}

/** What the only validator of the chain is shown to have done at height 1. */
function faultVectors({
  chainId,
  header,
  validators,
  voting,
  memberId,
  log,
  note: own,
}: {
  readonly chainId: Uint8Array
  readonly header: BlockHeader
  readonly validators: readonly Validator[]
  readonly voting: Signer
  readonly memberId: Uint8Array
  readonly log: HistoryLog
  readonly note: Uint8Array
}): Record<string, string> {
  const other = new Uint8Array(32).fill(2)
  const voteOf = (kind: Vote['kind'], round: number, blockId: Uint8Array): Vote => {
    const content = { kind, height: 1, round, blockId }
    return { ...content, signer: voting.publicKey, signature: voting.sign(voteBytes(chainId, content)) }
  }
  const claim = { height: 1, round: 2, validRound: -1, blockId: other }
  const accusation: BrokenLock = {
    kind: 'lock',
    chainId,
    first: voteOf('precommit', 0, blockIdOf(header)),
    second: voteOf('prevote', 2, other),
    claim: { ...claim, signer: voting.publicKey, signature: voting.sign(claimBytes(chainId, claim)) },
  }
  const at = { validators, header, path: [], size: 1 }
  const rootOf = () => historyRoot(log.edge)
  const { id } = lockCharge(lightRules(ed25519), { accusation, at }, { chainId, time: header.time, rootOf })!
  const signatures = [{ index: 0, signature: voteOf('prevote', 1, other).signature }]
  const certificate: BlockCertificate = { scheme: 1, height: 1, round: 1, blockId: other, signatures }
  const text = checkpointText({ origin: originOf('home', 'root'), size: 1, root: other })
  const note = encodeNote({ text, signatures: [cosign(voting, memberId, text, TIME / 1_000)] })
  return {
    'broken lock': toHex(encodeBrokenLock({ accusation, at })),
    'answer to a broken lock': toHex(encodeLockAnswer({ id, validators, certificate })),
    'two notes': toHex(encodeTwoNotes({ own, other: note, proof: [], at })),
  }
}

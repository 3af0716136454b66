/**
 * The example of a third party's application: a directory of signed keys (D72). Whoever owns an entry signs it with a key of his own, and any
 * organisation carries it. It uses nothing but the interface (docs/ledger-modules.md); no chain runs it before its nodes have voted for it.
 */
import { concatBytes, equalBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { encodeCanonical, type Signer, signedBytes } from '../../../crypto/index.ts'
import { readerOf } from '../../draft.ts'
import { limits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Call, LedgerModule, Payload, StateReader } from '../../types.ts'

export const DIRECTORY = 128
const PUT = 1_024

const { readCbor, readRow, readBytes, readHash, readInteger, readSignature } = ledgerReader
const entryKey = (label: Uint8Array) => concatBytes(Uint8Array.of(1), label)

export interface DirectoryEntry {
  /** Signs every change. */
  readonly owner: Uint8Array
  /** The key that is published, or whatever is. Empty: the owner has taken it back. */
  readonly value: Uint8Array
  /** Changes so far: an old one is not accepted again. */
  readonly sequence: number
}

export const directory: LedgerModule = {
  id: DIRECTORY,
  name: 'directory',
  kinds: [PUT],
  execute({ fields, own, block, scheme }: Call) {
    const [labelField, ownerField, valueField, sequenceField, signature] = readRow(fields, 5, 'entry')
    const label = readBytes(labelField, 1, 64, 'label')
    const owner = readHash(ownerField, 'owner')
    const value = readBytes(valueField, 0, 512, 'value')
    const sequence = readInteger(sequenceField, 1, limits.MAX_AMOUNT, 'sequence')
    const known = read(own, label)
    if (known !== undefined && !equalBytes(known.owner, owner)) refuse(ResultCode.TAKEN, 'label')
    if (sequence !== (known?.sequence ?? 0) + 1) refuse(ResultCode.NONCE, 'sequence')
    const statement = entryBytes(block.chainId, label, { owner, value, sequence })
    if (!scheme.verify(owner, statement, readSignature(signature, 'signature'))) refuse(ResultCode.SIGNATURE, 'owner')
    own.set(entryKey(label), encodeCanonical([owner, value, sequence]))
  },
}

/** Signed by the owner; whoever carries it cannot change it. */
export function putEntryPayload(
  chainId: Uint8Array,
  signer: Signer,
  label: Uint8Array,
  { value, sequence }: Pick<DirectoryEntry, 'value' | 'sequence'>,
): Payload {
  const owner = signer.publicKey
  return [PUT, label, owner, value, sequence, signer.sign(entryBytes(chainId, label, { owner, value, sequence }))]
}

export function directoryEntryOf(state: StateReader, label: Uint8Array): DirectoryEntry | undefined {
  return read(readerOf(state, DIRECTORY), label)
}

function entryBytes(chainId: Uint8Array, label: Uint8Array, { owner, value, sequence }: DirectoryEntry): Uint8Array {
  return signedBytes('directory.example/entry/1', encodeCanonical([chainId, label, owner, value, sequence]))
}

function read(own: StateReader, label: Uint8Array): DirectoryEntry | undefined {
  const stored = own.get(entryKey(label))
  if (stored === undefined) return undefined
  const [owner, value, sequence] = readRow(readCbor(stored, limits.MAX_VALUE_BYTES, 'entry'), 3, 'entry')
  return {
    owner: readHash(owner, 'owner'),
    value: readBytes(value, 0, 512, 'value'),
    sequence: readInteger(sequence, 1, limits.MAX_AMOUNT, 'sequence'),
  }
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, isChordnsError, toHex } from '../../../src/base/index.ts'
import {
  type Checkpoint,
  checkpointText,
  cosign,
  cosignedAt,
  cosignerKey,
  cosigners,
  decodeCheckpointNote,
  mergeNotes,
  originOf,
  parseCheckpoint,
} from '../../../src/chain/notes/checkpoint.ts'
import {
  decodeNote,
  encodeNote,
  formatNoteKey,
  isOfKey,
  noteBytes,
  parseNoteKey,
} from '../../../src/chain/notes/note.ts'
import {
  decodeEntries,
  encodeEntries,
  newTiles,
  parseTilePath,
  tileBytes,
  tilePath,
} from '../../../src/chain/notes/tiles.ts'
import { decodeAddCheckpoint, encodeAddCheckpoint, witnessVerdict } from '../../../src/chain/notes/witness.ts'
import { consistencyProof, HistoryLog, historyEdge, historyRoot } from '../../../src/chain/trees/history.ts'
import { merkleLeafHash } from '../../../src/chain/trees/merkle.ts'
import { ed25519, ed25519Signer, sha256 } from '../../../src/crypto/index.ts'

// The note and key of C2SP signed-note, and of golang.org/x/mod/sumdb/note.
const NOTE = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`
const KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'

const keys = Array.from({ length: 4 }, (_, i) => ed25519Signer(sha256(Uint8Array.of(i))))
const validators = keys.map(({ publicKey }) => ({ id: sha256(publicKey), publicKey }))
const checkpoint: Checkpoint = { origin: originOf('home', 'root'), size: 100, root: sha256(Uint8Array.of(1)) }

function signedNote(text: string, signers: readonly number[], seconds = 1_800_000_000) {
  return { text, signatures: signers.map((i) => cosign(keys[i]!, validators[i]!.id, text, seconds)) }
}

describe('a signed note', () => {
  it('is read, verified and written as the specification shows it', () => {
    const note = decodeNote(noteBytes(NOTE))
    const key = parseNoteKey(KEY)
    expect(formatNoteKey(key)).toBe(KEY)
    expect(isOfKey(note.signatures[0]!, key)).toBe(true)
    expect(ed25519.verify(key.publicKey, noteBytes(note.text), note.signatures[0]!.signature)).toBe(true)
    expect(new TextDecoder().decode(encodeNote(note))).toBe(NOTE)
  })

  it.each([
    ['no empty line', 'text\n— a AAAAAAA=\n'],
    ['no signature', 'text\n\n'],
    ['no newline at its end', 'text\n\n— a AAAAAAA='],
    ['a hyphen for the dash', 'text\n\n- a AAAAAAA=\n'],
    ['a name with a plus', 'text\n\n— a+b AAAAAAA=\n'],
    ['base64 with other bits at its end', 'text\n\n— a AAAAAAB=\n'],
    ['no bytes behind the hash', 'text\n\n— a AAAAAA==\n'],
    ['a control character', 'te\u0007xt\n\n— a AAAAAAA=\n'],
    ['a carriage return', 'text\r\n\n— a AAAAAAA=\n'],
  ])('with %s is refused', (_, text) => {
    expect(() => decodeNote(noteBytes(text))).toThrow(expect.objectContaining({ code: 'CHAIN_MALFORMED' }))
  })

  it('that is noise is refused with one code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeCheckpointNote(concatBytes(bytes, noteBytes('\n\n— a AAAAAAA=\n')))
        } catch (error) {
          if (!isChordnsError(error, 'CHAIN_MALFORMED')) throw error
        }
      }),
    )
  })

  it('knows a key whose hash is of another', () => {
    expect(() => parseNoteKey(KEY.replace('c74f20a3', 'c74f20a4'))).toThrow(/hash is of another/)
  })
})

describe('a checkpoint', () => {
  const text = checkpointText(checkpoint)

  it('comes back as it was', () => {
    expect(parseCheckpoint(text)).toEqual(checkpoint)
    expect(originOf('my ring', 'über')).toBe('chordns/my%20ring/%C3%BCber')
    expect(originOf("a'b", '*')).toBe('chordns/a%27b/%2A')
  })

  it.each(['', 'o\n1\n', 'o\n01\nAAAA\n', 'o\n-1\nAAAA\n', `\n1\n${'A'.repeat(43)}=\n`, 'o\n1\nAAAA\n'])(
    'is not %j',
    (bad) => {
      expect(() => parseCheckpoint(bad)).toThrow(expect.objectContaining({ code: 'CHAIN_MALFORMED' }))
    },
  )

  it('counts its cosigners, each by its own key, text and time', () => {
    const note = signedNote(text, [0, 2])
    const decoded = decodeNote(encodeNote(note))
    expect(cosigners(ed25519, validators, decoded)).toEqual([validators[0], validators[2]])
    expect(cosignedAt(ed25519, cosignerKey(validators[0]!), decoded)).toBe(1_800_000_000)
    expect(cosigners(ed25519, validators, { ...decoded, text: text.replace('100', '101') })).toEqual([])
    const borrowed = {
      ...decoded,
      signatures: decoded.signatures.map((one) => ({ ...one, name: toHex(validators[1]!.id) })),
    }
    expect(cosigners(ed25519, validators, borrowed)).toEqual([])
    const later = decoded.signatures.map((one) => ({ ...one, signature: one.signature.with(7, one.signature[7]! ^ 1) }))
    expect(cosigners(ed25519, validators, { text, signatures: later })).toEqual([])
  })

  it('gathers cosignatures of several notes', () => {
    const merged = mergeNotes(signedNote(text, [3, 1]), signedNote(text, [1, 0]))
    expect(merged.signatures).toHaveLength(3)
    expect(cosigners(ed25519, validators, merged)).toHaveLength(3)
  })
})

describe('a witness', () => {
  const log = new HistoryLog()
  for (let i = 0; i < 60; i++) log.append(merkleLeafHash(Uint8Array.of(i)))
  const at = (size: number) => ({ size, root: historyRoot(historyEdge(log.hashes, size)!) })
  const proof = (old: number, size: number) => consistencyProof(log.hashes, old, size)!

  it('follows a log from the size that it holds', () => {
    expect(witnessVerdict(undefined, at(10), 0, [])).toBe('follows')
    expect(witnessVerdict(at(10), at(37), 10, proof(10, 37))).toBe('follows')
    expect(witnessVerdict(at(10), at(10), 10, [])).toBe('same')
  })

  it('follows nothing from another size, without proof, or back', () => {
    expect(witnessVerdict(at(10), at(37), 9, proof(9, 37))).toBe('stale')
    expect(witnessVerdict(undefined, at(37), 9, proof(9, 37))).toBe('stale')
    expect(witnessVerdict(at(10), at(37), 10, proof(10, 36))).toBe('unproven')
    expect(witnessVerdict(at(10), at(5), 10, [])).toBe('unproven')
    expect(witnessVerdict(at(10), { size: 10, root: sha256(Uint8Array.of(9)) }, 10, [])).toBe('fork')
  })

  it('reads what an outside log adds, and nothing that is not in the form', () => {
    const added = { oldSize: 10, proof: proof(10, 37), note: noteBytes(NOTE) }
    expect(decodeAddCheckpoint(encodeAddCheckpoint(added))).toEqual(added)
    for (const bad of [
      '',
      'old 1\n',
      'old 01\n\nx',
      'new 1\n\nx',
      'old 1\nAAAA\n\nx',
      `old 1\n${`${'A'.repeat(43)}=\n`.repeat(64)}\nx`,
    ])
      expect(() => decodeAddCheckpoint(noteBytes(bad))).toThrow(expect.objectContaining({ code: 'CHAIN_MALFORMED' }))
  })
})

describe('tiles', () => {
  it('have the paths of the specification', () => {
    expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe('tile/0/x001/x234/067')
    expect(tilePath({ level: 1, index: 0, width: 17 })).toBe('tile/1/000.p/17')
    expect(tilePath({ level: undefined, index: 5, width: 256 })).toBe('tile/entries/005')
    fc.assert(
      fc.property(
        fc.option(fc.nat(5), { nil: undefined }),
        fc.nat(),
        fc.integer({ min: 1, max: 256 }),
        (level, index, width) => {
          expect(parseTilePath(tilePath({ level, index, width }))).toEqual({ level, index, width })
        },
      ),
    )
    for (const bad of [
      'tile/0/1',
      'tile/0/x000/001',
      'tile/0/001.p/256',
      'tile/0/001.p/0',
      'tile/6/000',
      'tile/00/000',
      'tile/0/../000',
    ])
      expect(parseTilePath(bad)).toBeUndefined()
  })

  it('are those that a larger log adds, and hold the hashes of its subtrees', () => {
    const log = new HistoryLog()
    for (let i = 0; i < 600; i++) log.append(merkleLeafHash(Uint8Array.of(i, i >> 8)))
    expect([...newTiles(0, 600)].map(tilePath)).toEqual([
      'tile/entries/000',
      'tile/entries/001',
      'tile/entries/002.p/88',
      'tile/0/000',
      'tile/0/001',
      'tile/0/002.p/88',
      'tile/1/000.p/2',
    ])
    expect([...newTiles(590, 600)].map(tilePath)).toEqual(['tile/entries/002.p/88', 'tile/0/002.p/88'])
    expect([...newTiles(600, 600)]).toEqual([])
    const upper = tileBytes(log.hashes, { level: 1, index: 0, width: 2 })!
    expect(toHex(upper.subarray(0, 32))).toBe(toHex(historyRoot(historyEdge(log.hashes, 256)!)))
    expect(tileBytes(log.hashes, { level: 0, index: 2, width: 89 })).toBeUndefined()
  })

  it('bundle entries with their lengths', () => {
    const entries = [new Uint8Array(300).fill(1), new Uint8Array(), Uint8Array.of(9)]
    expect(decodeEntries(encodeEntries(entries))).toEqual(entries)
    expect(() => decodeEntries(Uint8Array.of(0, 5, 1))).toThrow(/bundle/)
  })
})

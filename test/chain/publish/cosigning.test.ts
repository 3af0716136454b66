import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import { cosign, cosigners, decodeCheckpointNote } from '../../../src/chain/notes/checkpoint.ts'
import { decodeNote, encodeNote } from '../../../src/chain/notes/note.ts'
import { Cosigning } from '../../../src/chain/publish/cosigning.ts'
import { createMemoryDisk, type MemoryDisk, seededRandom } from '../../../src/sim/index.ts'
import { testClock } from '../../setup/clock.ts'
import { servedBy, TestMember } from '../follow/world.ts'
import { personOf, simScheme, TestLedger } from '../light/ledger.ts'

const LIE = { stateRoot: new Uint8Array(32).fill(6) }

/** Validators 0 to 3, each with a chain of its own to follow, who can reach each other as far as `cut` lets them. */
class Quorum {
  readonly clock = testClock()
  readonly members: TestMember[] = []
  readonly disks: MemoryDisk[] = []
  readonly parts: Cosigning[] = []
  readonly cut = new Set<number>()
  readonly complete: string[] = []
  readonly others: Uint8Array[][] = []
  sent = 0

  constructor(ledgers: readonly TestLedger[]) {
    ledgers.forEach((ledger, n) => {
      this.members.push(new TestMember(`${n}`, ledger, this.clock))
      this.disks.push(createMemoryDisk({ random: seededRandom(n) }))
      this.begin(n)
    })
  }

  begin(n: number): void {
    const member = this.members[n]!
    const { validator, signer } = personOf(n)
    this.parts[n] = new Cosigning(
      {
        clock: this.clock,
        scheme: simScheme,
        headers: servedBy(member).headers,
        origin: member.ledger.origin,
        voter: { id: validator.id, signer },
        store: this.disks[n]!.open(),
        exchange: async (to, note) => {
          const there = this.members.findIndex((_, i) => toHex(personOf(i).validator.id) === toHex(to.id))
          if (this.cut.has(n) || this.cut.has(there)) return undefined
          this.sent++
          return this.parts[there]?.receive(note)
        },
      },
      {
        onCheckpoint: (_, { size }) => this.complete.push(`${n}: ${size}`),
        onOther: (own, other) => this.others.push([own, other]),
      },
    )
  }

  async run(ms: number): Promise<void> {
    for (const part of this.parts) part.decided()
    await this.clock.advanceAsync(ms)
  }
}

describe('cosigning checkpoints', () => {
  it('gives every validator the same checkpoint with a quorum, every hundred headers', async () => {
    const ledger = new TestLedger([0, 1, 2, 3]).grow(99)
    const quorum = new Quorum([ledger, ledger, ledger, ledger])
    await quorum.run(1_000)
    expect(quorum.parts[0]!.checkpoint).toBeUndefined()
    ledger.grow(5)
    await quorum.run(60_000)
    for (const part of quorum.parts) {
      const { checkpoint, note } = decodeCheckpointNote(part.checkpoint!)
      expect(checkpoint).toMatchObject({ origin: ledger.origin, size: 100 })
      expect(note.text).toBe(ledger.note(100).text)
      expect(cosigners(simScheme, ledger.setAt(100), note)).toHaveLength(4)
    }
    expect(quorum.complete.sort()).toEqual(['0: 100', '1: 100', '2: 100', '3: 100'])
    ledger.grow(96)
    await quorum.run(60_000)
    expect(decodeCheckpointNote(quorum.parts[2]!.checkpoint!).checkpoint.size).toBe(200)
    // All to all, a few times.
    expect(quorum.sent).toBeLessThan(60)
  })

  it('goes on without a validator that is away, and with one that comes late', async () => {
    const ledger = new TestLedger([0, 1, 2, 3]).grow(100)
    const quorum = new Quorum([ledger, ledger, ledger, ledger])
    quorum.cut.add(3)
    await quorum.run(30_000)
    expect(quorum.complete.sort()).toEqual(['0: 100', '1: 100', '2: 100'])
    quorum.cut.clear()
    await quorum.run(120_000)
    expect(quorum.complete).toContain('3: 100')
  })

  it('takes cosignatures of one who is ahead', async () => {
    const ledger = new TestLedger([0, 1, 2, 3]).grow(100)
    const behind = ledger.fork(98)
    const quorum = new Quorum([ledger, ledger, behind, behind])
    await quorum.run(1_000)
    expect(quorum.complete).toEqual([])
    quorum.members[2]!.ledger = ledger
    quorum.parts[2]!.decided()
    await quorum.clock.advanceAsync(100)
    expect(quorum.complete).toContain('2: 100')
  })

  it('counts no signature of a stranger, of another size, or one that was changed', async () => {
    const ledger = new TestLedger([0, 1, 2, 3]).grow(100)
    const quorum = new Quorum([ledger])
    const [part] = quorum.parts
    await quorum.run(1_000)
    const stranger = personOf(9)
    const { text } = ledger.note(100)
    part!.receive(encodeNote({ text, signatures: [cosign(stranger.signer, stranger.validator.id, text, 1)] }))
    const [first] = ledger.note(100, 2).signatures
    part!.receive(encodeNote({ text, signatures: [{ ...first!, signature: new Uint8Array(72) }] }))
    part!.receive(ledger.fork(100).grow(100).noteBytes(200))
    expect(decodeNote(part!.receive(ledger.noteBytes(100, 1))!).signatures.length).toBeLessThanOrEqual(2)
    expect(part!.checkpoint).toBeUndefined()
    part!.receive(ledger.noteBytes(100))
    expect(part!.checkpoint).toBeDefined()
  })

  it('never signs two texts of one size, whatever chain it is shown after a restart', async () => {
    const ledger = new TestLedger([0, 1, 2, 3]).grow(100)
    const fork = ledger.fork(90).grow(10, LIE)
    const quorum = new Quorum([ledger])
    await quorum.run(1_000)
    const before = decodeNote(quorum.parts[0]!.receive(fork.noteBytes(100, 1))!)
    expect(before.text).toBe(ledger.note(100).text)
    expect(quorum.others).toHaveLength(1)
    quorum.parts[0]!.close()
    quorum.disks[0]!.crash('power')
    quorum.members[0]!.ledger = fork
    quorum.begin(0)
    await quorum.run(1_000)
    const after = quorum.parts[0]!.receive(fork.noteBytes(100, 1))
    // A signature of its own over the other text is nowhere: what it has is what it was sent.
    const sent = fork.note(100, 1).signatures
    for (const signature of after === undefined ? [] : decodeNote(after).signatures)
      expect(sent).toContainEqual(signature)
  })
})

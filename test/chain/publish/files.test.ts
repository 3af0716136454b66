import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import { decodeHeader } from '../../../src/chain/blocks/blocks.ts'
import { decodeGenesis, ledgerChainId } from '../../../src/chain/blocks/genesis.ts'
import { cosignedAt, cosignerKey, decodeCheckpointNote } from '../../../src/chain/notes/checkpoint.ts'
import { formatNoteKey, parseNoteKey } from '../../../src/chain/notes/note.ts'
import { decodeEntries, newTiles, tilePath } from '../../../src/chain/notes/tiles.ts'
import { encodeAddCheckpoint } from '../../../src/chain/notes/witness.ts'
import { LedgerPages } from '../../../src/chain/publish/http.ts'
import { WitnessDesk } from '../../../src/chain/publish/witness-desk.ts'
import { HistoryLog, historyRoot } from '../../../src/chain/trees/history.ts'
import { merkleLeafHash } from '../../../src/chain/trees/merkle.ts'
import { createMemoryDisk, seededRandom } from '../../../src/sim/index.ts'
import { testClock } from '../../setup/clock.ts'
import { servedBy, TestMember } from '../follow/world.ts'
import { personOf, simScheme, TestLedger } from '../light/ledger.ts'

const utf8 = new TextDecoder()

function published(size = 600) {
  const ledger = new TestLedger([0, 1, 2, 3]).grow(size)
  const { headers } = servedBy(new TestMember('m', ledger, testClock()))
  let checkpoint: Uint8Array | undefined = ledger.noteBytes(size - (size % 100))
  let turns = 0
  const pages = new LedgerPages(async () => void turns++)
  pages.publish({ genesis: ledger.genesis, headers, checkpoint: () => checkpoint })
  const folder = `/ledger/${toHex(ledger.chainId)}`
  const get = (path: string) => pages.answer('GET', `${folder}/${path}`, new Uint8Array())
  const withhold = () => {
    checkpoint = undefined
  }
  return { ledger, pages, folder, get, withhold, turns: () => turns }
}

describe('the files of a chain', () => {
  it('let others have their turn while many headers are read', async () => {
    const { get, turns } = published(300)
    expect((await get('tile/entries/000')).status).toBe(200)
    expect(turns()).toBeGreaterThanOrEqual(16)
    const before = turns()
    await get('tile/entries/000')
    expect(turns()).toBe(before)
  })

  it('are all that an outside tool needs: it finds the policy, the checkpoint, and every header under its root', async () => {
    const { ledger, get } = published()
    const genesis = decodeGenesis((await get('genesis')).body)
    expect(ledgerChainId(genesis)).toEqual(ledger.chainId)
    const { checkpoint, note } = decodeCheckpointNote((await get('checkpoint')).body)

    // The policy, as C2SP tlog-policy has it: witnesses, one group, a quorum.
    const policy = utf8
      .decode((await get('policy')).body)
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '))
    const keys = new Map(
      policy.flatMap(([word, name, key]) => (word === 'witness' ? [[name!, parseNoteKey(key!)]] : [])),
    )
    const [, group, needed, ...members] = policy.find(([word]) => word === 'group')!
    expect(policy.at(-1)).toEqual(['quorum', group])
    const signed = members.filter((name) => cosignedAt(simScheme, keys.get(name)!, note) !== undefined)
    expect(signed.length).toBeGreaterThanOrEqual(Number(needed))

    // Every entry hashes to its leaf, and all leaves to the root that was cosigned.
    const log = new HistoryLog()
    for (const tile of newTiles(0, checkpoint.size)) {
      const reply = await get(tilePath(tile))
      expect(reply.status, tilePath(tile)).toBe(200)
      expect(reply.headers['cache-control']).toContain('immutable')
      if (tile.level === undefined)
        for (const entry of decodeEntries(reply.body)) {
          log.append(merkleLeafHash(entry))
          expect(decodeHeader(entry).height).toBe(log.edge.size)
        }
      else expect(reply.body).toHaveLength(32 * tile.width)
    }
    expect(historyRoot(log.edge)).toEqual(checkpoint.root)
  })

  it('are there as far as the chain goes, and under their one name', async () => {
    const { get, pages, folder, withhold } = published()
    for (const path of [
      'tile/0/002.p/89',
      'tile/0/002',
      'tile/0/2',
      'tile/1/000.p/3',
      'tile/entries/003.p/1',
      'tile',
      '',
      'x',
    ])
      expect((await get(path)).status, path).toBe(404)
    expect((await get('tile/0/002.p/88')).status).toBe(200)
    expect((await get('tile/1/000.p/2')).status).toBe(200)
    expect((await pages.answer('GET', '/ledger/00/checkpoint', new Uint8Array())).status).toBe(404)
    expect((await pages.answer('POST', `${folder}/checkpoint`, new Uint8Array())).status).toBe(405)
    withhold()
    expect((await get('checkpoint')).status).toBe(404)
    expect((await get('policy')).status).toBe(404)
  })
})

describe('a witness of outside logs', () => {
  const ledger = new TestLedger([0, 1, 2, 3]).grow(60)
  const keys = ledger.setAt(1).map((one) => parseNoteKey(keyText(one)))

  function desk() {
    const { validator, signer } = personOf(9)
    const forks: Uint8Array[] = []
    const disk = createMemoryDisk({ random: seededRandom(1) })
    const witness = new WitnessDesk(
      {
        scheme: simScheme,
        logs: [{ origin: ledger.origin, keys, enough: 3 }],
        id: validator.id,
        signer,
        store: disk.open(),
        now: () => 1_800_000_000_000,
      },
      { onFork: (_, note) => forks.push(note) },
    )
    const pages = new LedgerPages(async () => {}, witness)
    const add = async (
      of: TestLedger,
      oldSize: number,
      size: number,
      proof = of.consistency(oldSize, size),
      count?: number,
    ) => {
      const body = encodeAddCheckpoint({ oldSize, proof, note: of.noteBytes(size, count) })
      const { status, headers, body: reply } = await pages.answer('POST', '/ledger/add-checkpoint', body)
      return { status, type: headers['content-type'], text: utf8.decode(reply) }
    }
    return { add, forks, pages, validator }
  }

  it('cosigns what follows what it has seen', async () => {
    const { add, validator } = desk()
    const first = await add(ledger, 0, 20)
    expect(first.status).toBe(200)
    const line = first.text
    const { note } = decodeCheckpointNote(new TextEncoder().encode(`${ledger.note(20).text}\n${line}`))
    expect(cosignedAt(simScheme, parseNoteKey(keyText(validator)), note)).toBe(1_800_000_000)
    expect((await add(ledger, 20, 50)).status).toBe(200)
    expect((await add(ledger, 50, 50, [])).status).toBe(200)
  })

  it('refuses what does not, with the status that the protocol names', async () => {
    const { add, forks, pages } = desk()
    await add(ledger, 0, 20)
    expect(await add(ledger, 10, 50)).toEqual({ status: 409, type: 'text/x.tlog.size', text: '20\n' })
    expect((await add(ledger, 20, 50, ledger.consistency(20, 49))).status).toBe(422)
    expect((await add(ledger, 20, 50, ledger.consistency(20, 50), 2)).status).toBe(403)
    expect((await add(new TestLedger([0, 1, 2, 3], { name: 'com' }).grow(20), 0, 20)).status).toBe(404)
    expect((await add(ledger, 20, 10, [])).status).toBe(400)
    const fork = ledger.fork(15).grow(40, { stateRoot: new Uint8Array(32).fill(6) })
    expect((await add(fork, 20, 20, [])).status).toBe(409)
    expect(forks).toEqual([fork.noteBytes(20)])
    expect((await add(fork, 20, 50)).status).toBe(422)
    expect((await pages.answer('POST', '/ledger/add-checkpoint', new Uint8Array(9))).status).toBe(400)
    expect((await pages.answer('GET', '/ledger/add-checkpoint', new Uint8Array())).status).toBe(405)
  })
})

function keyText(one: { readonly id: Uint8Array; readonly publicKey: Uint8Array }): string {
  return formatNoteKey(cosignerKey(one))
}

/**
 * A ring whose members the ledger names, of real nodes: seven that found it, one that is endorsed and leaves again, and a stranger that has
 * everything but the endorsement.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, startCluster } from '../world/cluster.ts'
import { foundLedger, organisationAt } from '../world/founding.ts'
import { createWorld, simpleSpec, type World } from '../world/index.ts'
import { comesTrue, hasLogged, nodeOf, pause, said, statusOf, until } from './scenes/asking.ts'

const FOUNDERS = 7
const VALIDATORS = 4
const APPLICANT = 7
const STRANGER = 8

describe('an endorsed ring of seven nodes', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-endorsed-'))
  const at = (name: string) => join(dir, name)
  let world: World
  let cluster: Cluster

  const peer = (index: number) => cluster.peers.find((one) => one.index === index)!
  /** As its operator types it on the machine of that peer. */
  async function chordns(index: number, ...args: string[]): Promise<string> {
    return said(...args, '--config', peer(index).configFile)
  }
  const node = (index: number) => nodeOf(peer(index))
  const ring = async (index: number) => (await statusOf(peer(index))).ring!
  const size = async (index: number) => (await ring(index)).members.filter(({ status }) => status === 'alive').length

  beforeAll(async () => {
    world = await createWorld(simpleSpec({}, { network: '127.58' }))
    let genesis: Promise<string> | undefined
    cluster = await startCluster({
      peers: FOUNDERS,
      hints: world.hintsText(),
      authorityPort: world.port,
      replicas: 2,
      admitAfter: 1,
      config: { ring: { admission: 'endorsed', secretFile: undefined } as object },
      async own(index, data) {
        genesis ??= foundLedger({
          directory: dir,
          dataOf: (other) => join(dirname(data), `peer-${other}`),
          organisations: FOUNDERS,
          validators: VALIDATORS,
          chainNames: ['root'],
          // Blocks of a second and short epochs: a place is drawn within half a minute.
          pace: { heartbeatMs: 1_000, intervalMs: 300, epochBlocks: 12 },
        })
        const file = await genesis
        if (index >= FOUNDERS) await organisationAt(data, index, false)
        // The applicant's node answers the endorser by itself.
        const { account } = JSON.parse(readFileSync(at('org0.json'), 'utf8'))
        const answerTo = index === APPLICANT ? [account] : []
        return { ledger: { genesis: file, answerTo, roles: index < VALIDATORS ? ['validator'] : [] } }
      },
    })
  })

  afterAll(async () => {
    await cluster?.stop()
    await world?.stopAll()
    rmSync(dir, { recursive: true, force: true })
  })

  const haveMembers = (count: number, ...indexes: readonly number[]) =>
    comesTrue(
      `${count} members at ${indexes.join(' and ')}`,
      async () => expect(await Promise.all(indexes.map(size))).toEqual(indexes.map(() => count)),
      () => peer(indexes[0]!).log().slice(-3_000),
    )
  const members = async (index: number): Promise<readonly LedgerMember[]> =>
    JSON.parse(await chordns(0, 'ledger', 'members', ...node(index), '--json')).members
  const applicantOf = (list: readonly LedgerMember[]) => list.find(({ name }) => name === 'Eight')

  /** A transaction of the endorser. Where the node cannot yet, it is given again, as a person would; unless it has had its effect. */
  const transact = (what: string, args: readonly string[], hasEffect: () => Promise<boolean>) =>
    until(what, async () => {
      try {
        await chordns(0, ...args, ...node(0))
      } catch (error) {
        if (!(await hasEffect())) throw error
      }
      return true
    })

  it('forms out of those whom the genesis names', () => haveMembers(FOUNDERS, 0, 5))

  it('takes in who is endorsed, as soon as its place is drawn, and no stranger', async () => {
    await cluster.start(APPLICANT)
    await cluster.start(STRANGER)
    // A ring forms before its ledger has a block.
    const [first] = await until('a first block', () => members(0))
    const list = await until('a first block at 5', () => members(5))
    const endorser = list.find(({ isEndorser }) => isEndorser)!
    expect(first).toBeDefined()
    const files = (name: string) => ['--out', at(name)]
    await chordns(APPLICANT, 'ledger', 'apply', '--name', 'Eight', '--contact', 'eight', ...files('application.json'))
    await chordns(0, 'ledger', 'inquire', at('application.json'), ...files('inquiry.json'))
    await chordns(
      APPLICANT,
      'ledger',
      'answer',
      at('inquiry.json'),
      '--endorser',
      endorser.account,
      ...files('answer.json'),
    )
    // The same over the network: put to the node of the applicant. The stranger's answers nobody.
    const machine = (index: number) => ['--send', `127.0.0.1:${peer(index).statusPort}`]
    const put = (index: number, out: string) =>
      chordns(0, 'ledger', 'inquire', at('application.json'), ...machine(index), ...files(out))
    expect(await until("the applicant's answer", () => put(APPLICANT, 'sent.json'))).toContain("it is the applicant's")
    await expect(put(STRANGER, 'none.json')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nothing there answers inquiries'),
    })
    // The stranger has keys, the genesis and an application of its own, and nobody endorses it.
    await chordns(STRANGER, 'ledger', 'apply', '--name', 'Nine', '--contact', 'nine', ...files('stranger.json'))
    const endorse = ['ledger', 'endorse', at('application.json'), '--answer', at('sent.json')]
    await transact('an endorsement', endorse, async () => applicantOf(await members(0)) !== undefined)
    await haveMembers(FOUNDERS + 1, 0, 5, APPLICANT)
    expect((await ring(STRANGER)).joined).toBe(false)
    expect((await ring(STRANGER)).turnedAway).toMatchObject({ wasListed: false })
    expect(await size(0)).toBe(FOUNDERS + 1)
  })

  it('is formed again by a node that comes back, with whom it knew last and the genesis does not name, while the ledger is away', async () => {
    // A list that is read once more in between: whoever stops at once keeps the one before.
    await haveMembers(FOUNDERS + 1, 5)
    await pause(2_000)
    const founders = cluster.peers.filter(({ index }) => index < FOUNDERS)
    await Promise.all(founders.map((one) => one.stop('SIGTERM')))
    const again = await cluster.start(5)
    await haveMembers(2, 5)
    await hasLogged(again, 'the list of the ring as it was known last')
    for (const { index } of founders) if (index !== 5) await cluster.start(index)
    await haveMembers(FOUNDERS + 1, 0, 5)
  })

  it('has nobody a minute later whose last endorsement is withdrawn', async () => {
    const { account } = await until('the member', async () => applicantOf(await members(0)))
    const withdraw = ['ledger', 'withdraw', account]
    await transact('a withdrawal', withdraw, async () => applicantOf(await members(0)) === undefined)
    await haveMembers(FOUNDERS, 0, 5)
    // It is told so at the doors that it comes to.
    await comesTrue(
      'its node to know',
      async () => expect((await ring(APPLICANT)).turnedAway?.wasListed).toBe(true),
      () => peer(APPLICANT).log().slice(-3_000),
    )
    await hasLogged(peer(APPLICANT), 'taken off the list')
    expect(await chordns(APPLICANT, 'ring', ...node(APPLICANT))).toContain('was taken off the list of the ring')
  })
})

interface LedgerMember {
  readonly name: string
  readonly account: string
  readonly isEndorser: boolean
}

/** Followers that hear of a new header at once: from members, and from each other. */
import { describe, expect, it } from 'vitest'
import { asPeerId, ChordnsError, type PeerId } from '../../../src/base/index.ts'
import { LightFollower } from '../../../src/chain/follow/follower.ts'
import { decodeFollowRequest, encodeFollowRequest, type FollowRequest } from '../../../src/chain/follow/messages.ts'
import { NewsDesk, newestNews } from '../../../src/chain/follow/news.ts'
import { FollowServer } from '../../../src/chain/follow/serving.ts'
import { trustGenesis } from '../../../src/chain/light/trust.ts'
import { limits } from '../../../src/chain/limits.ts'
import { createMemoryDisk, seededRandom } from '../../../src/sim/index.ts'
import { testClock } from '../../setup/clock.ts'
import { GENESIS_TIME, MINUTE, simRules, TestLedger } from '../light/ledger.ts'
import { servedBy, TestMember } from './world.ts'

const quiet = { info() {}, warn() {} }
const FOUR = [0, 1, 2, 3]

/** One member that runs the chain, and followers, who reach each other within 5 ms. */
class News {
  readonly clock = testClock(GENESIS_TIME + 3 * MINUTE + 5_000)
  readonly ledger = new TestLedger(FOUR).grow(3)
  readonly member: TestMember
  readonly desk: NewsDesk
  readonly followers: { readonly follower: LightFollower; readonly server: FollowServer }[] = []
  readonly servers = new Map<PeerId, FollowServer>()
  readonly dead = new Set<PeerId>()
  /** How often each was told something, and by whom. */
  readonly told: { readonly from: PeerId; readonly to: PeerId }[] = []
  /** What followers requested. */
  readonly asked: FollowRequest['kind'][] = []

  constructor(followers: number) {
    this.member = new TestMember('member', this.ledger, this.clock)
    this.desk = this.#deskOf(this.member.peer)
    const server = new FollowServer({ clock: this.clock, news: this.desk })
    server.serve(servedBy(this.member))
    this.servers.set(this.member.peer, server)
    for (let i = 0; i < followers; i++) this.#addFollower(i)
  }

  get heads(): number[] {
    return this.followers.map(({ follower }) => follower.head(this.ledger.chainId)!.height)
  }

  async run(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms)
  }

  /** A block at the moment, told as a node does that runs the chain. */
  block(): void {
    this.ledger.block({ time: this.clock.now() })
    this.desk.publish(this.ledger.chainId, newestNews(servedBy(this.member).headers)!)
  }

  #deskOf(own: PeerId): NewsDesk {
    return new NewsDesk({
      clock: this.clock,
      send: (to, body) => {
        this.told.push({ from: own, to })
        return this.#travel(own, to, body)
      },
    })
  }

  #addFollower(index: number): void {
    const peer = asPeerId(`follower ${index}`)
    const news = this.#deskOf(peer)
    const follower = new LightFollower({
      clock: this.clock,
      random: seededRandom(index),
      log: quiet,
      rules: simRules,
      store: createMemoryDisk({ random: seededRandom(index) }).open(),
      members: {
        of: () => [this.member.peer],
        request: (to, body) => {
          this.asked.push(decodeFollowRequest(body).kind)
          return this.#travel(peer, to, body)
        },
      },
      news,
    })
    const server = new FollowServer({
      clock: this.clock,
      news,
      onNews: (chainId, from, told) => follower.hear(chainId, from, told),
    })
    this.servers.set(peer, server)
    this.followers.push({ follower, server })
    follower.follow({ name: 'root', trusted: trustGenesis(this.ledger.genesis) })
  }

  #travel(from: PeerId, to: PeerId, body: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.clock.after(5, () => {
        const server = this.servers.get(to)
        if (server === undefined || this.dead.has(to)) return reject(new ChordnsError('PEER_TIMEOUT', 'dead', {}))
        Promise.resolve()
          .then(() => server.answer(from, body))
          .then(resolve, reject)
      })
    })
  }
}

/** All have found their places. */
async function begun(followers: number): Promise<News> {
  const news = new News(followers)
  await news.run(2 * MINUTE)
  return news
}

describe('news of a header', () => {
  it('reach all who follow within a second, though a member tells sixty-four of them only', async () => {
    const news = await begun(150)
    news.told.length = 0
    news.block()
    await news.run(1_000)
    expect(news.heads.filter((height) => height === news.ledger.height).length).toBeGreaterThan(145)
    const byMember = news.told.filter(({ from }) => from === news.member.peer)
    expect(byMember.length).toBeLessThanOrEqual(limits.NEWS_PLACES)
    news.block()
    await news.run(1_000)
    expect(news.heads.filter((height) => height === news.ledger.height).length).toBeGreaterThan(145)
    // A look once a minute finds what was not told.
    await news.run(70_000)
    expect(new Set(news.heads)).toEqual(new Set([news.ledger.height]))
  })

  it('are taken of those only whom a follower listens to, and checked like any header', async () => {
    const news = await begun(1)
    const { chainId } = news.ledger
    const forged = news.ledger.fork(2).grow(2, { stateRoot: new Uint8Array(32).fill(7), signers: [0] })
    const server = news.followers[0]!.server
    const lie = { certified: forged.head, path: forged.path(3, 4), of: 3 }
    const body = encodeFollowRequest({ kind: 'news', chainId, ...lie })
    server.answer(asPeerId('stranger'), body)
    server.answer(news.member.peer, body)
    await news.run(1_000)
    expect(news.followers[0]!.follower.head(chainId)).toMatchObject({ height: 3 })
    expect(news.heads).toEqual([3])
    news.block()
    await news.run(1_000)
    expect(news.heads).toEqual([4])
  })

  it('come from somebody else after those who told them fell silent', async () => {
    const news = await begun(2)
    news.block()
    await news.run(500)
    expect(news.heads).toEqual([4, 4])
    // Nobody is told of this one.
    news.ledger.block({ time: news.clock.now() })
    await news.run(3 * MINUTE)
    expect(news.heads).toEqual([5, 5])
    news.block()
    await news.run(500)
    expect(news.heads).toEqual([6, 6])
  })

  it('spare who hears them the looks and the asking for places', async () => {
    const news = await begun(5)
    news.asked.length = 0
    for (let minute = 1; minute <= 30; minute++) {
      news.block()
      await news.run(MINUTE)
      expect(new Set(news.heads)).toEqual(new Set([news.ledger.height]))
    }
    // Of five followers over half an hour: a look every tenth minute. One member is all there is, and a follower has one other to listen to.
    expect(news.asked.filter((kind) => kind === 'header').length).toBeLessThanOrEqual(5 * 4)
    expect(news.asked.filter((kind) => kind === 'listen').length).toBeLessThanOrEqual(5 * 4)
    const perFollowerAndMinute = news.asked.length / (5 * 30)
    expect(perFollowerAndMinute).toBeLessThan(0.3)
  })

  it('that come late spare nobody a look', async () => {
    const news = await begun(1)
    for (let minute = 1; minute <= 5; minute++) {
      news.ledger.block({ time: news.clock.now() - 100_000 + minute })
      news.desk.publish(news.ledger.chainId, newestNews(servedBy(news.member).headers)!)
      await news.run(MINUTE)
    }
    news.asked.length = 0
    await news.run(5 * MINUTE)
    expect(news.asked.filter((kind) => kind === 'header').length).toBeGreaterThanOrEqual(4)
  })

  it('are told no more to one who does not listen', async () => {
    const news = await begun(1)
    const { chainId } = news.ledger
    let sent = 0
    const stranger = new NewsDesk({
      clock: news.clock,
      send: async (to, body) => {
        sent++
        return news.servers.get(to)!.answer(asPeerId('stranger'), body)
      },
    })
    stranger.listen(chainId, asPeerId('follower 0'))
    for (let turn = 0; turn < 3; turn++) {
      news.ledger.block({ time: news.clock.now() })
      stranger.publish(chainId, newestNews(servedBy(news.member).headers)!)
      await news.run(1_000)
    }
    expect(sent).toBe(1)
  })
})

import { describe, expect, it } from 'vitest'
import { statusText } from '../../../src/cli/common/status-text.ts'
import type { StatusView } from '../../../src/observe/index.ts'

function view(more: Partial<StatusView> = {}): StatusView {
  return {
    version: '1.2.3',
    pid: 7,
    uptimeSeconds: 7_300,
    multiaddrs: ['/ip4/192.0.2.1/tcp/4153'],
    peer: null,
    listen: [
      { protocol: 'udp', address: '127.0.0.1', port: 53 },
      { protocol: 'tcp', address: '127.0.0.1', port: 53 },
    ],
    ring: null,
    cache: {},
    upstream: {},
    serve: {},
    chunks: null,
    chains: null,
    household: null,
    settings: null,
    carrier: null,
    traffic: null,
    memory: { rssBytes: 200 * 1_048_576, heapUsedBytes: 0 },
    ...more,
  }
}

const member = { id: 'a', peer: 'p', addresses: [], status: 'alive', self: false, suspect: false, invitedBy: null }
const ringOf = (members: number) => ({
  ringId: 'home',
  joined: true,
  id: 'a',
  predecessor: null,
  successors: [],
  members: Array.from({ length: members }, () => member),
  largest: members,
  n: 3,
  expulsions: [],
  invitations: [],
})

describe('the status in sentences', () => {
  it('says what a node is that has just begun', () => {
    expect(statusText(view()).split('\n')).toEqual([
      'chordns 1.2.3 has run for 2 hours (pid 7) and uses 200 MiB of memory.',
      'It answers at 127.0.0.1 port 53 (UDP, TCP).',
      'Nobody has asked it anything yet.',
      'The cache is empty.',
      'It has asked no name server yet.',
      'It is in no ring.',
    ])
  })

  it('says how many questions came, and what became of them', () => {
    const text = statusText(
      view({
        serve: { queries: 200, answered: 180, fastAnswered: 150, servfail: 15, refused: 5, inFlight: 2 },
        cache: { entries: 1, bytes: 1_048_576, maxBytes: 67_108_864, hits: 3, misses: 1 },
        upstream: { upstreamQueries: 50, upstreamBytes: 9_000, timeouts: 5 },
      }),
    )
    expect(text).toContain(
      'Of 200 questions, 180 were answered (75 % at once, from what was answered before), 15 failed and 5 were refused; 2 are in work.',
    )
    expect(text).toContain(
      'The cache knows 1 answer in 1.0 MiB of 64 MiB; 75 % of the looks into it found what they wanted.',
    )
    expect(text).toContain('It has sent 50 queries to name servers, of which 10 % were not answered in time.')
  })

  it('asks for the network where no server has ever answered', () => {
    expect(statusText(view({ upstream: { upstreamQueries: 13, upstreamBytes: 0 } }))).toContain(
      'none has answered: is this machine connected to the Internet?',
    )
  })

  it('says who is in the ring, and how others come in', () => {
    expect(statusText(view({ ring: ringOf(1) }))).toContain('alone in its ring "home"; `chordns invite`')
    const text = statusText(
      view({ ring: ringOf(3), chunks: { entries: 4, accepted: 9 }, household: { rowsTold: 2, rowsTaken: 8 } }),
    )
    expect(text).toContain('in the ring "home" with 2 others, keeps 4 agreed answers for it, and took 9 from it.')
    expect(text).toContain('told the other boxes of the household 2 times what it found, and taken over 8 from them.')
    expect(statusText(view({ ring: ringOf(2), multiaddrs: [] }))).toContain('set ring.announce')
  })
})

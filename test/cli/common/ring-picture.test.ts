import { describe, expect, it } from 'vitest'
import { ringPicture } from '../../../src/cli/common/ring-picture.ts'
import type { ChunkView, RingView } from '../../../src/observe/index.ts'

const idOf = (turn: number) =>
  Math.floor(turn * 2 ** 32)
    .toString(16)
    .padStart(8, '0') + 'ab'.repeat(28)
const member = (turn: number, more: Partial<RingView['members'][number]> = {}) => ({
  id: idOf(turn),
  peer: `peer ${turn}`,
  addresses: ['/ip4/192.0.2.1/tcp/4001'],
  status: 'alive',
  self: false,
  suspect: false,
  invitedBy: null,
  ...more,
})
const ring = (members: RingView['members']): RingView => ({
  ringId: 'home <1>',
  joined: true,
  id: idOf(0),
  predecessor: null,
  successors: [idOf(0.25), idOf(0.5)],
  members,
  largest: 3,
  n: 3,
  expulsions: [],
  invitations: [],
})
const members = [member(0, { self: true }), member(0.25), member(0.5, { suspect: true, peer: '"><script>' })]

describe('the ring as a picture', () => {
  it('puts each member at its place, clockwise from the top', () => {
    const svg = ringPicture(ring(members), undefined)
    expect(svg).toContain('class="member self" cx="450.0" cy="160.0"')
    expect(svg).toContain('class="member" cx="740.0" cy="450.0"')
    expect(svg).toContain('class="member suspect" cx="450.0" cy="740.0"')
    expect(svg.match(/<path class="(first|next)"/g)).toHaveLength(2)
  })

  it('marks the replicas of a name and its key', () => {
    const chunk: ChunkView = {
      name: 'www.example.com',
      chunk: 64,
      key: idOf(0.2),
      n: 3,
      replicas: [{ id: idOf(0.25), peer: '', self: false, suspect: false }],
      chain: null,
      entries: [],
    }
    const svg = ringPicture(ring(members), chunk)
    expect(svg).toContain('class="member replica" cx="740.0"')
    expect(svg).toContain('replica 1')
    expect(svg).toContain('<line class="key"')
  })

  it('takes no markup from what members say', () => {
    const svg = ringPicture(ring(members), undefined)
    expect(svg).not.toContain('<script>')
    expect(svg).not.toContain('home <1>')
  })

  it('leaves the labels out where there would be too many', () => {
    const many = Array.from({ length: 200 }, (_, i) => member(i / 200, { self: i === 0 }))
    const svg = ringPicture(ring(many), undefined)
    expect(svg.match(/<circle class="member/g)).toHaveLength(200)
    expect(svg.match(/rotate\(/g)).toHaveLength(1)
  })
})

/** What follows from an entry, by how it came: the table of follow.ts. */
import { describe, expect, it } from 'vitest'
import { asChunkId } from '../../../src/base/index.ts'
import type { ChunkEntry, EntryTaken, TakenCause } from '../../../src/chunks/entries/entry.ts'
import { createFollow } from '../../../src/chunks/node/follow.ts'
import type { Seats } from '../../../src/chunks/seats/seats.ts'
import { ask, quiet } from '../world.ts'

const question = ask('www.example.com')
const zone = ask('example.com')
const chunk = asChunkId(7)
const entry = { question, chunk, class: 'agreed' } as ChunkEntry
const seats = (mine: boolean) => ({ chunk, mine }) as Seats

/** Names what was called, in order. */
function following(intakeSays: (cause: EntryTaken) => unknown = (taken) => ({ kind: 'taken', taken })) {
  const calls: string[] = []
  const call = (name: string) => () => void calls.push(name)
  const follow = createFollow({
    log: { ...quiet, warn: call('warned'), info: call('dissent') },
    intake: {
      agreed: (_question, _certificate, _outcome, of) =>
        intakeSays({ entry, seats: of, cause: 'agreed' }) as ReturnType<
          Parameters<typeof createFollow>[0]['intake']['agreed']
        >,
    },
    onDemand: { entryTaken: call('settled'), proofHeld: call('settled by a proof') },
    digests: { changed: call('digest') },
    handover: { remember: call('remembered') },
    pushes: { spread: call('spread') },
    zones: { of: () => [zone] },
    telling: { tell: call('zone wanted') },
  })
  follow.onAgreed(call('proposed'))
  return { follow, calls }
}

const calledAfter = (cause: TakenCause, mine = true): string[] => {
  const { follow, calls } = following()
  follow.taken({ entry, seats: seats(mine), cause })
  return calls
}

describe('what follows from an entry', () => {
  it('that was agreed on here: all of it, and the others get the certificate', () => {
    expect(calledAfter('agreed')).toEqual(['remembered', 'digest', 'settled', 'zone wanted', 'proposed', 'spread'])
  })

  it('that was agreed on here, where this node is no replica any more: only that the others get the certificate', () => {
    expect(calledAfter('agreed', false)).toEqual(['spread'])
  })

  it('that a peer certified: the same, but nobody is told of it again', () => {
    expect(calledAfter('certified')).toEqual(['remembered', 'digest', 'settled', 'zone wanted', 'proposed'])
  })

  it('that was pulled: it is not proposed, since those who agreed on it have recorded it', () => {
    expect(calledAfter('pulled')).toEqual(['remembered', 'digest', 'settled', 'zone wanted'])
  })

  it('that came back from the disk: it is held, no more', () => {
    expect(calledAfter('restored')).toEqual(['remembered', 'digest'])
    // Also of a chunk that others hold now.
    expect(calledAfter('restored', false)).toEqual(['remembered', 'digest'])
  })

  it('is counted by class, and only of rounds of this node', () => {
    const { follow } = following()
    follow.taken({ entry: { ...entry, class: 'rotating' }, seats: seats(true), cause: 'agreed' })
    follow.taken({ entry: { ...entry, class: 'divergent' }, seats: seats(true), cause: 'agreed' })
    follow.taken({ entry, seats: seats(true), cause: 'certified' })
    expect(follow.stats()).toEqual({ agreed: 2, rotating: 1, divergent: 1, dissents: 0 })
  })

  it('is heard by nobody who has ended to listen', () => {
    const { follow, calls } = following()
    const heard: ChunkEntry[] = []
    const end = follow.onAgreed((one) => heard.push(one))
    follow.taken({ entry, seats: seats(true), cause: 'certified' })
    end()
    follow.taken({ entry, seats: seats(true), cause: 'certified' })
    expect(heard).toEqual([entry])
    expect(calls.filter((name) => name === 'proposed')).toHaveLength(2)
  })
})

describe('what follows from a round', () => {
  const agreed = {
    question,
    certificate: {},
    outcome: {},
    seats: seats(true),
    dissenters: [],
  } as unknown as Parameters<ReturnType<typeof createFollow>['roundAgreed']>[0]

  it('is what follows from its entry; who saw something else is counted', () => {
    const { follow, calls } = following()
    follow.roundAgreed({ ...agreed, dissenters: ['a', 'b'] as unknown as typeof agreed.dissenters })
    expect(calls[0]).toBe('dissent')
    expect(calls).toContain('spread')
    expect(follow.stats()).toMatchObject({ agreed: 1, dissents: 2 })
  })

  it('is nothing when its certificate does not hold', () => {
    const { follow, calls } = following(() => ({ kind: 'refused', reason: 'expired' }))
    follow.roundAgreed(agreed)
    expect(calls).toEqual(['warned'])
  })
})

describe('what follows from a proof', () => {
  it('is that its question is settled, and named in the digest', () => {
    const { follow, calls } = following()
    follow.proofHeld(question, chunk)
    expect(calls).toEqual(['settled by a proof', 'digest'])
  })
})

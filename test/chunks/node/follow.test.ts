/** What follows from an entry, by how it came: the table of follow.ts. */
import { describe, expect, it } from 'vitest'
import { asChunkId, asPeerId, type PeerId } from '../../../src/base/index.ts'
import type { ChunkEntry, EntryTaken, SignedEntry, TakenCause } from '../../../src/chunks/entries/entry.ts'
import { createFollow } from '../../../src/chunks/node/follow.ts'
import { NO_DEMAND } from '../../../src/chunks/rounds/machine/demand.ts'
import type { Seats } from '../../../src/chunks/seats/seats.ts'
import { testClock } from '../../setup/clock.ts'
import { answer, ask, nothing, quiet } from '../world.ts'

const question = ask('www.example.com')
const zone = ask('example.com')
const chunk = asChunkId(7)
const outcome = answer(question)
const signed: SignedEntry = {
  question,
  chunk,
  class: 'signed',
  outcome: answer(question),
  links: [],
  expires: 1,
}
const entry = { question, chunk, class: 'agreed', outcome, certificate: { observations: [] } } as unknown as ChunkEntry
const replica = asPeerId('replica')
const seats = (mine: boolean) => ({ chunk, mine, members: [{ peer: replica }] }) as unknown as Seats

/** Names what was called, in order. */
function following(
  askers: readonly PeerId[] = [],
  intakeSays: (cause: EntryTaken) => unknown = (taken) => ({ kind: 'taken', taken }),
) {
  const calls: string[] = []
  const call = (name: string) => () => void calls.push(name)
  const follow = createFollow(
    {
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
      pushes: {
        spread: call('spread'),
        inform: (_entry, askers) => {
          if (askers.length > 0) calls.push(`informed ${askers.join(', ')}`)
        },
      },
      demand: { of: () => ({ ...NO_DEMAND, peers: new Set(askers) }) },
      clock: testClock(),
      zones: { of: () => [zone] },
      telling: { tell: call('zone wanted') },
    },
    { onLearned: call('learned') },
  )
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
    expect(calledAfter('agreed')).toEqual([
      'remembered',
      'digest',
      'settled',
      'zone wanted',
      'proposed',
      'spread',
      'learned',
    ])
  })

  it('that was agreed on here, where this node is no replica any more: only that the others get the certificate', () => {
    expect(calledAfter('agreed', false)).toEqual(['spread', 'learned'])
  })

  it('that a peer certified: the same, but nobody is told of it again', () => {
    expect(calledAfter('certified')).toEqual(['remembered', 'digest', 'settled', 'zone wanted', 'proposed', 'learned'])
  })

  it('that was pulled: it is not proposed, since those who agreed on it have recorded it', () => {
    expect(calledAfter('pulled')).toEqual(['remembered', 'digest', 'settled', 'zone wanted', 'learned'])
  })

  it('that came back from the disk: it is held, no more', () => {
    expect(calledAfter('restored')).toEqual(['remembered', 'digest'])
    // Also of a chunk that others hold now.
    expect(calledAfter('restored', false)).toEqual(['remembered', 'digest'])
  })

  it('is told to those who asked and are no replicas, if it is an answer for all', () => {
    const { follow, calls } = following([replica, asPeerId('asker')])
    follow.taken({ entry, seats: seats(true), cause: 'agreed' })
    expect(calls).toContain('informed asker')
    follow.taken({ entry: { ...entry, class: 'rotating' }, seats: seats(true), cause: 'agreed' })
    expect(calls.filter((one) => one.startsWith('informed'))).toHaveLength(1)
  })

  it('is held against what this node serves only if all are to see the same', () => {
    const { follow, calls } = following()
    follow.taken({ entry: { ...entry, class: 'rotating' }, seats: seats(true), cause: 'certified' })
    follow.taken({ entry: { ...entry, class: 'divergent' }, seats: seats(true), cause: 'certified' })
    expect(calls).not.toContain('learned')
  })

  it('is counted by class, and only of rounds of this node', () => {
    const { follow } = following()
    follow.taken({ entry: { ...entry, class: 'rotating' }, seats: seats(true), cause: 'agreed' })
    follow.taken({ entry: { ...entry, class: 'divergent' }, seats: seats(true), cause: 'agreed' })
    follow.taken({ entry, seats: seats(true), cause: 'certified' })
    expect(follow.stats()).toEqual({ agreed: 2, rotating: 1, divergent: 1, dissents: 0 })
  })

  it('goes its way behind a listener that throws', () => {
    const { follow, calls } = following()
    follow.onAgreed(() => {
      throw new Error('no')
    })
    follow.onAgreed(() => calls.push('heard'))
    follow.taken({ entry, seats: seats(true), cause: 'agreed' })
    expect(calls.slice(-4)).toEqual(['proposed', 'heard', 'spread', 'learned'])
  })

  it('is heard by nobody who has ended to listen', () => {
    const { follow, calls } = following()
    const heard: (ChunkEntry | SignedEntry)[] = []
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
    isAwaited: false,
  } as unknown as Parameters<ReturnType<typeof createFollow>['roundAgreed']>[0]

  it('is what follows from its entry; who saw something else is counted', () => {
    const { follow, calls } = following()
    follow.roundAgreed({ ...agreed, dissenters: ['a', 'b'] as unknown as typeof agreed.dissenters })
    expect(calls[0]).toBe('dissent')
    expect(calls).toContain('spread')
    expect(follow.stats()).toMatchObject({ agreed: 1, dissents: 2 })
  })

  it('is nothing when its certificate does not hold', () => {
    const { follow, calls } = following([], () => ({ kind: 'refused', reason: 'expired' }))
    follow.roundAgreed(agreed)
    expect(calls).toEqual(['warned'])
  })
})

describe('what follows from a proof', () => {
  it('is that its question is settled, and named in the digest', () => {
    const { follow, calls } = following()
    follow.proofHeld({ entry: signed, cause: 'pulled', isNew: true })
    expect(calls).toEqual(['settled by a proof', 'digest'])
  })

  it('is proposed to the chain if it was told, or fetched here, and says something new', () => {
    const { follow } = following()
    const heard: (ChunkEntry | SignedEntry)[] = []
    follow.onAgreed((one) => heard.push(one))
    for (const cause of ['pulled', 'recorded', 'restored'] as const)
      follow.proofHeld({ entry: signed, cause, isNew: true })
    follow.proofHeld({ entry: signed, cause: 'told', isNew: false })
    follow.proofHeld({ entry: { ...signed, outcome: nothing() }, cause: 'told', isNew: true })
    expect(heard).toEqual([])
    follow.proofHeld({ entry: signed, cause: 'told', isNew: true })
    follow.proofHeld({ entry: signed, cause: 'own', isNew: true })
    expect(heard).toEqual([signed, signed])
  })
})

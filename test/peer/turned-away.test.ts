import { describe, expect, it } from 'vitest'
import { asPeerId } from '../../src/base/index.ts'
import { TurnedAway } from '../../src/peer/turned-away.ts'
import { testClock } from '../setup/clock.ts'

function node(isListed: boolean) {
  const own = { isListed }
  const warned: string[] = []
  const log = { debug() {}, info() {}, warn: (_: object, text: string) => warned.push(text), error() {} }
  const turnedAway = new TurnedAway({ clock: testClock(1_000), log: log as never, isListed: () => own.isListed })
  const read = (listed: boolean) => {
    own.isListed = listed
    turnedAway.listChanged()
  }
  return { turnedAway, warned, read }
}

describe('a node of an endorsed ring', () => {
  it('that reads by itself that it is off the list says so, though nobody asked it while it was listed', () => {
    const { turnedAway, warned, read } = node(false)
    expect(turnedAway.state()).toBeUndefined()
    read(true)
    read(false)
    expect(turnedAway.state()).toMatchObject({ members: 0, wasListed: true })
    expect(warned).toEqual(['this node was taken off the list of its ring'])
  })

  it('that is turned away after that was taken off the list, and one that never was on it was not', () => {
    const once = node(false)
    once.read(true)
    once.read(false)
    once.turnedAway.heard(asPeerId('a'), 'not-listed')
    expect(once.turnedAway.state()).toMatchObject({ members: 1, wasListed: true })
    const never = node(false)
    never.turnedAway.heard(asPeerId('a'), 'not-listed')
    expect(never.turnedAway.state()).toMatchObject({ members: 1, wasListed: false })
  })

  it('that is listed again is turned away by nobody', () => {
    const { turnedAway, read } = node(true)
    read(false)
    read(true)
    expect(turnedAway.state()).toBeUndefined()
  })
})

/** Boxes of one household in memory, each with its settings, on virtual time. */
import { asPeerId, type Cancel, ChordnsError, type Log, type PeerId, type Store } from '../../src/base/index.ts'
import { keyedHashScheme, peerIdFromPublicKey } from '../../src/crypto/index.ts'
import type { Ring } from '../../src/ring/index.ts'
import { createSettings, type HouseholdSettings, type SettingsRing } from '../../src/settings/index.ts'
import type { VirtualClock } from '../../src/sim/index.ts'
import { testClock } from '../setup/clock.ts'

export interface SettingsBox {
  readonly peer: PeerId
  settings: HouseholdSettings
  /** Starts it again, with what is on its disk. */
  again(): void
}

export interface SettingsBoxes {
  readonly clock: VirtualClock
  readonly all: readonly SettingsBox[]
  /** Members that nobody reaches, and who see nobody. */
  readonly away: Set<PeerId>
  /** Peers of releases that know nothing of settings. */
  readonly old: Set<PeerId>
  /** Requests, as `from to`. */
  readonly sent: string[]
  /** So many of the next requests are lost. */
  losing: number
  changed(): void
  wait(ms: number): Promise<void>
}

export interface SettingsBoxesOptions {
  readonly stores?: readonly (Store | undefined)[]
  readonly isShared?: boolean
  readonly ringId?: string
}

export const scheme = keyedHashScheme(Uint8Array.of(9))
export const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const START_MS = 1_800_000_000_000

export function makeSettingsBoxes(count: number, options: SettingsBoxesOptions = {}): SettingsBoxes {
  const clock = testClock(START_MS)
  const listeners = new Set<() => void>()
  const all: SettingsBox[] = []
  const boxes: SettingsBoxes = {
    clock,
    all,
    away: new Set(),
    old: new Set(),
    sent: [],
    losing: 0,
    changed: () => {
      for (const listener of [...listeners]) listener()
    },
    wait: (ms) => clock.run(new Promise((resolve) => void clock.after(ms, () => resolve(undefined)))),
  }
  for (let i = 0; i < count; i++) all.push(makeBox(boxes, i, options, listeners))
  for (const { settings } of all) settings.start()
  return boxes
}

function makeBox(
  boxes: SettingsBoxes,
  index: number,
  { stores, isShared = true, ringId = 'home' }: SettingsBoxesOptions,
  listeners: Set<() => void>,
): SettingsBox {
  const { clock, away, all, old, sent } = boxes
  const signer = scheme.signer(new Uint8Array(32).fill(index + 1))
  const peer = asPeerId(peerIdFromPublicKey(signer.publicKey))
  const reach = (to: PeerId): SettingsBox => {
    const box = all.find((one) => one.peer === to)
    if (box === undefined || away.has(to) || away.has(peer) || boxes.losing-- > 0)
      throw new ChordnsError('PEER_GONE', 'away', { peer: to })
    boxes.losing = Math.max(0, boxes.losing)
    return box
  }
  const make = () =>
    createSettings(
      {
        ring: ringOf(boxes, peer, ringId, listeners),
        clock,
        log: quiet,
        signer,
        scheme,
        store: stores?.[index],
        isShared,
      },
      {
        async send(to, body) {
          sent.push(`${index} ${all.findIndex((one) => one.peer === to)}`)
          return reach(to).settings.handle(peer, body)
        },
        async *bulk(to, body) {
          for await (const frame of reach(to).settings.supply(peer, body)) {
            reach(to)
            yield frame
          }
        },
        knows: (to) => !old.has(to),
      },
    )
  const box: SettingsBox = {
    peer,
    settings: make(),
    again() {
      box.settings.stop()
      box.settings = make()
      box.settings.start()
    },
  }
  return box
}

function ringOf(boxes: SettingsBoxes, self: PeerId, ringId: string, listeners: Set<() => void>): SettingsRing {
  const entry = (peer: PeerId) => ({ id: peer, peer }) as unknown as Ring['self']
  const ring: SettingsRing = {
    ringId,
    self: entry(self),
    members: () => {
      const there = boxes.all.map(({ peer }) => peer).filter((peer) => !boxes.away.has(peer))
      return (boxes.away.has(self) ? [self] : there).map(entry)
    },
    memberByPeer: (peer) => ring.members().find((one) => one.peer === peer),
    isSuspect: () => false,
    onChange(listener): Cancel {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  return ring
}

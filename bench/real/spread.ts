/** The events of a ring on real nodes, told by our own gossip and by gossipsub: bytes on the wire, and delays. */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { quantile, round } from '../lib/stats.ts'
import type { Heard } from './commands.ts'
import { Crew } from './crew.ts'

export interface RealSpread {
  readonly how: 'own gossip' | 'gossipsub'
  readonly n: number
  readonly events: number
  /** While nothing happens, TCP and IP headers and acknowledgements included. */
  readonly idleBytesPerNodeSecond: number
  /** Beyond that. */
  readonly bytesPerNodeEvent: number
  /** Medians over the events, ms; those that have it at once are no part of it. */
  readonly half: number
  readonly most: number
  readonly all: number
  readonly unfinished: number
}

/** Slow, so that what an event costs stands out from what the ring sends anyway. */
const RING = { stabiliseMs: 5_000, auditMs: 60_000, pingTimeoutMs: 10_000 }
const JOIN_MS = 300_000
/** A row with one address, as it is pushed. */
export const ROW_BYTES = 220
const WAIT_MS = 15_000

/** In a network namespace of its own nobody else uses the loopback interface. */
function sentBytes(): number {
  const line = readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .find((text) => text.trimStart().startsWith('lo:'))
  return Number(line?.split(':')[1]?.trim().split(/\s+/)[8] ?? Number.NaN)
}

export async function realSpread(
  how: RealSpread['how'],
  n: number,
  events: number,
  idleSeconds: number,
  say: (line: string) => void,
): Promise<RealSpread> {
  const pubsub = how === 'gossipsub'
  const crew = await Crew.begin({ size: n, ringId: `gossip-${n}`, kads: [], pubsub, ring: RING, joinMs: JOIN_MS }, say)
  try {
    await pause(20_000)
    const idle = await idleRate(idleSeconds)
    await crew.all({ op: 'watch', peers: crew.members.map(({ peer }) => peer) })
    const [before, began] = [sentBytes(), performance.now()]
    const happened = pubsub ? await publishAll(crew, events) : await leaveAndReturn(crew, events)
    const elapsed = (performance.now() - began) / 1_000
    const bytes = sentBytes() - before - idle * elapsed
    const heard = (await crew.all<Heard[]>({ op: 'heard' })).flat()
    const delays: number[][] = []
    for (const { event, at, by } of happened) {
      const of = heard.filter((one) => one.event === event && one.by !== by && one.at >= at)
      const first = new Map<string, number>()
      for (const one of of) first.set(one.by, Math.min(one.at - at, first.get(one.by) ?? Number.POSITIVE_INFINITY))
      if (first.size >= n - 1) delays.push([0.5, 0.98, 1].map((share) => quantile([...first.values()], share)))
    }
    const at = (which: number) =>
      round(
        quantile(
          delays.map((row) => row[which]!),
          0.5,
        ),
        1,
      )
    return {
      how,
      n,
      events: happened.length,
      idleBytesPerNodeSecond: round(idle / n, 1),
      bytesPerNodeEvent: round(bytes / happened.length / n, 1),
      half: at(0),
      most: at(1),
      all: at(2),
      unfinished: happened.length - delays.length,
    }
  } finally {
    await crew.end()
  }
}

/** Bytes per second of all nodes together. */
async function idleRate(seconds: number): Promise<number> {
  const before = sentBytes()
  await pause(1_000 * seconds)
  return (sentBytes() - before) / seconds
}

interface Happened {
  readonly event: number
  readonly by: string
  readonly at: number
}

/** Every event is a signed row: members leave and come back, one after the other. */
async function leaveAndReturn(crew: Crew, events: number): Promise<Happened[]> {
  const happened: Happened[] = []
  for (let i = 1; happened.length < events; i++) {
    const { name } = crew.members[1 + (i % (crew.members.length - 1))]!
    const place = crew.members.findIndex((member) => member.name === name)
    happened.push({ event: 2 * place, by: name, at: await crew.tellOne<number>(name, { op: 'leave', name }) })
    await pause(3_000)
    happened.push({ event: 2 * place + 1, by: name, at: await crew.tellOne<number>(name, { op: 'come-back', name }) })
    await pause(3_000)
  }
  await pause(WAIT_MS)
  return happened
}

async function publishAll(crew: Crew, events: number): Promise<Happened[]> {
  const happened: Happened[] = []
  // Cheap, so there are more of them: what they cost is a difference of two rates.
  for (let event = 1; event <= Math.min(255, 8 * events); event++) {
    const { name } = crew.members[event % crew.members.length]!
    const at = await crew.tellOne<number>(name, { op: 'publish', name, event, bytes: ROW_BYTES })
    happened.push({ event, by: name, at })
    await pause(250)
  }
  await pause(WAIT_MS / 3)
  return happened
}

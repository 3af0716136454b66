/**
 * Three lying replicas of seven, ten thousand reads: forged data and denials, expired and foreign papers, other chunks, no evidence,
 * votes in other names, replayed certificates, TTLs of 0, 29 and a week, broken promises in rounds, forged certificates pushed.
 * Nothing false is accepted, nothing true is driven out, nothing lives longer than a majority saw.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { asChunkId } from '../../../src/base/index.ts'
import type { RingRead } from '../../../src/chunks/index.ts'
import { type ChunkReply, encodeRequest } from '../../../src/chunks/wire/messages.ts'
import type { Question } from '../../../src/dns/index.ts'
import type { Certificate, Outcome } from '../../../src/evidence/index.ts'
import { answer, ask, createWorld, type Node, nothing, paper, type World } from '../world.ts'

const NODES = 9
const N = 7
const LIARS = 3
const NAMES = 10
const EPOCHS = 10
const READS = 10_000
const TTL = 300
/** Last octets: the truth of an epoch is below, every lie above. */
const FIRST_LIE = 200

let world: World
afterEach(() => world.stop())

/** Small, seeded: the same reads in each run. */
function chance(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

const shown = (read: RingRead): Outcome | undefined => (read.kind === 'accepted' ? read.finding.outcome : undefined)

interface Stage {
  readonly liars: readonly Node[]
  readonly honest: readonly Node[]
  readonly questions: readonly Question[]
  /** Certificates that were true once, by name. */
  readonly old: Map<string, { certificate: Certificate; outcome: Outcome }>
  readonly draw: (bound: number) => number
  readonly used: Map<string, number>
}

const TRICKS: readonly (readonly [
  string,
  (stage: Stage, liar: Node, question: Question) => ChunkReply | Uint8Array,
])[] = [
  ['no evidence', () => ({ kind: 'ack' })],
  ['nothing known', () => ({ kind: 'unknown' })],
  ['rubbish', () => Uint8Array.of(1, 2, 3)],
  ['forged data', (stage, _, question) => entry(stage.liars, question, answer(question, [FIRST_LIE + 1], 604_800))],
  ['forged denial', (stage, _, question) => entry(stage.liars, question, nothing(3))],
  [
    'foreign signers',
    (stage, _, question) =>
      entry([...stage.liars, ...world.outsiders(question)], question, answer(question, [FIRST_LIE + 2])),
  ],
  [
    'one signer many times',
    (_, liar, question) => entry([liar, liar, liar, liar], question, answer(question, [FIRST_LIE + 3])),
  ],
  [
    'the wrong chunk',
    (stage, _, question) =>
      entry(stage.liars, question, answer(question, [FIRST_LIE + 4]), { chunk: asChunkId(stage.draw(256)) }),
  ],
  [
    'a certificate of the past',
    (stage, _, question) => {
      const old = stage.old.get(question.name.key)
      return old === undefined ? { kind: 'unknown' } : { kind: 'entry', ...old }
    },
  ],
  [
    'a true certificate with a forged copy',
    (_, liar, question) => {
      const held = liar.chunks.entry(question)
      if (held === undefined) return { kind: 'unknown' }
      return { kind: 'entry', certificate: held.certificate, outcome: answer(question, [FIRST_LIE + 5]) }
    },
  ],
  [
    'a true certificate with a copy of another TTL',
    (stage, liar, question) => {
      const held = liar.chunks.entry(question)
      if (held?.outcome.kind !== 'rrset') return { kind: 'unknown' }
      const ttl = [0, 29, 604_800][stage.draw(3)]!
      return {
        kind: 'entry',
        certificate: held.certificate,
        outcome: { ...held.outcome, rrset: { ...held.outcome.rrset, ttl } },
      }
    },
  ],
  [
    'a true certificate with younger papers of the liars',
    (stage, liar, question) => {
      const held = liar.chunks.entry(question)
      if (held?.outcome.kind !== 'rrset') return { kind: 'unknown' }
      const change = { when: world.clock.now(), ttl: 604_800 }
      const papers = stage.liars.map((one) => paper(one.signer, question, held.outcome, world.clock.now(), change))
      const observations = [...papers, ...held.certificate.observations]
      return { kind: 'entry', certificate: { ...held.certificate, observations }, outcome: held.outcome }
    },
  ],
  [
    'the name of another as its own',
    (stage, _, question) => {
      const other = stage.honest[stage.draw(stage.honest.length)]!
      const outcome = answer(question, [FIRST_LIE + 6])
      const observation = paper(stage.liars[0]!.signer, question, outcome, world.clock.now())
      return { kind: 'vote', observation: { ...observation, observer: other.signer.publicKey }, outcome }
    },
  ],
  [
    'a vote',
    (stage, liar, question) => {
      const outcome = answer(question, [FIRST_LIE + 7], [0, 29, 604_800][stage.draw(3)]!)
      return { kind: 'vote', observation: paper(liar.signer, question, outcome, world.clock.now()), outcome }
    },
  ],
]

function entry(signers: readonly Node[], question: Question, outcome: Outcome, change = {}): ChunkReply {
  const observations = signers.map((one) => paper(one.signer, question, outcome, world.clock.now(), change))
  return { kind: 'entry', certificate: { kind: 'agreed', contents: [], observations }, outcome }
}

function prepare(): Stage {
  world = createWorld({ nodes: NODES, n: N })
  const liars = world.nodes.slice(0, LIARS)
  const questions: Question[] = []
  for (let i = 0; questions.length < NAMES; i++) {
    const question = ask(`www.name${i}.example.com`)
    const replicas = world.replicas(question)
    if (liars.every((liar) => replicas.includes(liar))) questions.push(question)
  }
  const stage: Stage = {
    liars,
    honest: world.nodes.slice(LIARS),
    questions,
    old: new Map(),
    draw: chance(7),
    used: new Map(),
  }
  for (const [i, liar] of liars.entries()) {
    // In rounds each lies in its own way: another address, absence, the truth with a TTL of its own.
    const ttls = [0, 29, 604_800]
    let turn = 0
    liar.sees = (question) => {
      turn++
      if (i === 0) return answer(question, [FIRST_LIE + 8])
      if (i === 1) return turn % 2 === 0 ? nothing(3) : answer(question, [FIRST_LIE + 8])
      return answer(question, [truthOf(question)], ttls[turn % 3]!)
    }
    // First to speak.
    liar.delayMs = 0
    liar.liar = async (request, from, honest) => {
      const { question } = request
      if (request.kind === 'read') {
        const [name, trick] = TRICKS[stage.draw(TRICKS.length)]!
        stage.used.set(name, (stage.used.get(name) ?? 0) + 1)
        return trick(stage, liar, question)
      }
      // A promise in three is broken: nothing, or another content than was committed to.
      if (request.kind === 'reveal' && stage.draw(3) === 0) {
        if (stage.draw(2) === 0) return { kind: 'unknown' }
        const outcome = answer(question, [FIRST_LIE + 9])
        return { kind: 'vote', observation: paper(liar.signer, question, outcome, world.clock.now()), outcome }
      }
      return from === liar.member.peer ? { kind: 'unknown' } : honest()
    }
  }
  return stage
}

const current = new Map<string, number>()
const truthOf = (question: Question): number => current.get(question.name.key) ?? 1

/** What liars push to those who keep the truth. */
async function push(stage: Stage, question: Question): Promise<void> {
  const outcome = answer(question, [FIRST_LIE + 10], 604_800)
  const forged = entry(stage.liars, question, outcome)
  if (forged.kind !== 'entry') return
  const old = stage.old.get(question.name.key)
  for (const replica of world.replicas(question)) {
    if (stage.liars.includes(replica)) continue
    const from = stage.liars[stage.draw(LIARS)]!.member.peer
    const { certificate } = forged
    await replica.chunks.handle(from, encodeRequest({ kind: 'certify', question, certificate, outcome }))
    if (old !== undefined) await replica.chunks.handle(from, encodeRequest({ kind: 'certify', question, ...old }))
  }
}

describe('three lying replicas of seven', () => {
  it(`never have an answer accepted, driven out or stretched in ${READS} reads`, async () => {
    const stage = prepare()
    const { questions, honest, draw } = stage
    let reads = 0
    let accepted = 0
    for (let epoch = 0; epoch < EPOCHS; epoch++) {
      for (const question of questions) {
        current.set(question.name.key, 1 + epoch)
        world.publish(question, answer(question, [1 + epoch], TTL))
      }
      const began = world.clock.now()
      for (const question of questions) for (const node of honest) node.chunks.tell(question)
      await world.clock.advanceAsync(15_000)
      const agreed = questions.map((question) => {
        const held = honest.map((node) => node.chunks.entry(question)).find((one) => one !== undefined)!
        return [question.name.key, { certificate: held.certificate, outcome: held.outcome as Outcome }] as const
      })
      // While it lives, and when it is over: liars may not drive out the first, nor stretch it into the second.
      for (const part of [0, 1, 2, 3]) {
        if (part === 3) await world.clock.advanceAsync(began + (TTL + 20) * 1_000 - world.clock.now())
        else if (part > 0) await world.clock.advanceAsync(90_000)
        for (const question of questions) await push(stage, question)
        const now = world.clock.now()
        const batch = Array.from({ length: READS / EPOCHS / 4 }, (_, i) => {
          const question = questions[i % NAMES]!
          // Those who keep it themselves need nobody.
          const outside = world.outsiders(question)
          const reader = outside[draw(outside.length)]!
          return world.read(reader, question).then((read) => ({ read, question }))
        })
        for (const { read, question } of await Promise.all(batch)) {
          reads++
          const outcome = shown(read)
          if (part === 3) {
            expect(read.kind).toBe('insufficient')
            continue
          }
          expect(outcome).toMatchObject({ kind: 'rrset', rrset: { ttl: TTL } })
          expect(outcome?.kind === 'rrset' && outcome.rrset.rdatas).toEqual([
            Uint8Array.of(198, 51, 100, truthOf(question)),
          ])
          const expires = read.kind === 'accepted' ? read.finding.expires : 0
          expect(expires).toBeLessThanOrEqual(began + (TTL + 15) * 1_000)
          expect(expires).toBeGreaterThan(now)
          accepted++
        }
      }
      for (const question of questions) {
        const kept = honest.map((node) => node.chunks.entry(question)).find((one) => one !== undefined)
        expect(kept).toBeUndefined()
      }
      for (const [name, one] of agreed) stage.old.set(name, one)
    }
    expect(reads).toBe(READS)
    expect(accepted).toBe((READS * 3) / 4)
    const lies = [...stage.used.values()].reduce((sum, count) => sum + count, 0)
    expect(lies).toBeGreaterThan(READS / 2)
    expect([...stage.used.keys()].sort()).toEqual(TRICKS.map(([name]) => name).sort())
  })
})

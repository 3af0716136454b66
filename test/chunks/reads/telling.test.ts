/** How long tells may wait for company: who must hear at once, and who has time. */
import { afterEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/chunks/limits.ts'
import { answer, ask, createWorld, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

const { TELL_PATIENCE_MS: soon, TELL_OTHERS_PATIENCE_MS: later } = limits

/** How patient each replica's tell was, in ring order. */
async function patience(teller: (replicas: readonly number[]) => number): Promise<(number | undefined)[]> {
  world = createWorld({ nodes: 6, n: 3, options: { admitAfter: 'auto' } })
  const question = ask('www.example.com')
  world.publish(question, answer(question))
  const replicas = world.replicas(question).map(({ index }) => index)
  const by = world.nodes[teller(replicas)]!
  await world.told(question, [by], 100)
  return replicas.map(
    (index) => world.requests.find(({ to, request }) => to === index && request.kind === 'tell')?.patienceMs,
  )
}

describe('a question that is told', () => {
  it('comes to the first replica soon, which counts the demand, and to the others when something goes to them', async () => {
    const outsider = (replicas: readonly number[]) => [0, 1, 2, 3, 4, 5].find((index) => !replicas.includes(index))!
    expect(await patience(outsider)).toEqual([soon, later, later])
  })

  it('by a replica that is not the first comes to the first soon', async () => {
    expect(await patience((replicas) => replicas[1]!)).toEqual([soon, undefined, later])
  })

  it('by the first replica itself is in no hurry', async () => {
    expect(await patience((replicas) => replicas[0]!)).toEqual([undefined, later, later])
  })
})

/** What people are shown of agreement: the class, the networks, and who saw what and when. */
import { afterEach, expect, it } from 'vitest'
import { chunkReadView, chunkView, lookupView } from '../../src/observe/index.ts'
import { viewChunk, viewLookup, viewRead } from '../../src/peer/views.ts'
import { answer, ask, createWorld, ownFinding, type World } from '../chunks/world.ts'

let world: World
afterEach(() => world.stop())

const question = ask('www.example.com')

/** Seven replicas: four see 198.51.100.0/24, each another address; three each another network. */
async function divergent() {
  world = createWorld({ nodes: 9, n: 7 })
  for (const [place, replica] of world.replicas(question).entries())
    replica.sees = () => {
      const seen = answer(question, [place + 1])
      if (place < 4 || seen.kind !== 'rrset') return seen
      return { ...seen, rrset: { ...seen.rrset, rdatas: [Uint8Array.of(203, 0, 10 + place, 1)] } }
    }
  await world.told(question, world.outsiders(question), 30_000)
}

it('a chunk shows its divergent name with who saw what, and which networks how many saw', async () => {
  await divergent()
  const [replica] = world.replicas(question)
  const now = world.clock.now()
  const view = chunkView.parse(viewChunk(replica!.chunks, undefined, question.name, now))
  const entry = view.entries.find((one) => one.question === 'www.example.com. A')!
  expect(entry).toMatchObject({ class: 'divergent', records: ['; the answer depends on where one asks'] })
  expect(entry.networks[0]).toEqual({ network: '198.51.100.0/24', observers: 4 })
  expect(entry.networks.slice(1).map(({ observers }) => observers)).toEqual([1, 1, 1])
  const saw = new Map(entry.observers.map((one) => [one.peer, one.saw]))
  const expected = world.replicas(question).map(({ member }, place) => {
    const address = place < 4 ? `198.51.100.${place + 1}` : `203.0.${10 + place}.1`
    return [member.peer, [address]] as const
  })
  expect([...saw].sort()).toEqual(expected.map(([peer, seen]) => [peer, [...seen]]).sort())
  for (const { when } of entry.observers) expect(now - when).toBeLessThan(60_000)
})

it('a look-up shows the same beside its own finding, and nothing where all saw the same', async () => {
  await divergent()
  const read = await world.read(world.outsiders(question)[0]!, question)
  if (read.kind !== 'divergent') throw new Error(read.kind)
  const now = world.clock.now()
  const own = ownFinding(question, answer(question, [9]), now)
  const { certificate, observers } = read.divergence
  const finding = { ...own, evidence: { ...own.evidence, provenance: 'divergent' as const, certificate, observers } }
  const shown = (one: typeof finding) => {
    const resolution = {
      rcode: 0,
      answers: [],
      authorities: [],
      security: 'insecure',
      ede: [],
      findings: [one],
    } as const
    return lookupView.parse(viewLookup(question, resolution as never, [], 1, now)).findings[0]!
  }
  expect(shown(finding)).toMatchObject({
    provenance: 'divergent',
    networks: [{ network: '198.51.100.0/24', observers: 4 }, {}, {}, {}],
  })
  expect(shown(finding).observations.every(({ saw }) => saw.length === 1)).toBe(true)
  const agreed = { ...certificate, kind: 'agreed', contents: [] } as const
  expect(shown({ ...finding, evidence: { ...finding.evidence, certificate: agreed } }).networks).toEqual([])
})

it('what replicas answer is shown to who is none, with who saw it; what they do not have is not', async () => {
  world = createWorld({ nodes: 6, n: 3 })
  world.publish(question, answer(question, [7]))
  const [asker, stranger] = world.outsiders(question)
  await world.told(question, [asker!])
  const now = world.clock.now()
  const shown = viewRead(question, await world.read(stranger!, question), now)!
  expect(chunkReadView.parse([shown])[0]).toMatchObject({ question: 'www.example.com. A', class: 'agreed' })
  expect(shown.records[0]).toMatch(/198\.51\.100\.7$/)
  expect(new Set(shown.observers.map(({ peer }) => peer))).toEqual(
    new Set(world.replicas(question).map(({ member }) => member.peer)),
  )
  const other = ask('nobody-asked.example.com')
  expect(viewRead(other, await world.read(stranger!, other), now)).toBeUndefined()

  await world.stop()
  await divergent()
  const parted = viewRead(question, await world.read(world.outsiders(question)[0]!, question), world.clock.now())!
  expect(parted).toMatchObject({ class: 'divergent', records: ['; the answer depends on where one asks'] })
  expect(parted.networks[0]).toEqual({ network: '198.51.100.0/24', observers: 4 })
})

it('a delegation is called one', async () => {
  world = createWorld({ nodes: 1, n: 1 })
  const { questionText } = await import('../../src/peer/views.ts')
  const { delegationQuestion } = await import('../../src/evidence/index.ts')
  expect(questionText(delegationQuestion(question.name))).toBe('www.example.com. delegation')
})

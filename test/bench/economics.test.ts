import { expect, it } from 'vitest'
import { streamOf } from '../../bench/lib/stream.ts'
import { requestCount } from '../../bench/models/dealt.ts'
import { dealVirtual } from '../../bench/models/virtual-dealt.ts'
import { delayedWorld } from '../../bench/worlds/delayed.ts'
import { signedSpec } from '../../bench/worlds/signed.ts'

it('a stream is dealt to whole virtual nodes, and what they ask and send is counted', async () => {
  const plain = delayedWorld({ names: 40, seed: 3, minDelayMs: 10, maxDelayMs: 60, dead: 0, port: 53 })
  const signed = signedSpec(plain, 30)
  const stream = streamOf(plain.questions, { count: 60, rate: 10, seed: 3 })
  const deal = (sharing: 'off' | 'any-member') => dealVirtual({ ...signed, stream, seed: 3 }, { sharing, members: 3 })
  const off = await deal('off')
  const home = await deal('any-member')
  expect([off.failures, home.failures]).toEqual([0, 0])
  expect(requestCount(off.requests)).toBe(0)
  expect(requestCount(home.requests)).toBeGreaterThan(0)
  expect(off.upstream.root + off.upstream.tld + off.upstream.hosts).toBe(off.upstream.all)
  expect(off.upstream.keys).toBeGreaterThan(0)
  expect(home.upstream.all / off.upstream.all).toBeLessThan(0.75)
  // The same again, to the last request.
  expect(await deal('any-member')).toEqual(home)
})

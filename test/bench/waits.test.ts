import { expect, it } from 'vitest'
import { waitsOf } from '../../bench/models/waits.ts'

const asking = (at: number, name = 'www.example.com') => ({ question: { name }, at })

it('says of each answer of a dealt stream what it waited for', () => {
  const stream = [
    asking(0), // box 0 fetches it for 80 ms
    asking(10), // box 1 does, too
    asking(20, 'other.example.com'), // box 2
    asking(30), // box 0 is at it
    asking(500), // told by now
    asking(100_000), // over
    asking(100_100), // box 2 was told it 80 ms ago, box 0 was not
  ]
  const latencies = [80, 75, 60, 50, 0.3, 20, 25]
  expect(waitsOf(stream, latencies, 3)).toEqual(['new', 'elsewhere', 'new', 'joined', 'at hand', 'again', 'untold'])
  expect(waitsOf(stream.slice(0, 2), [80, 70], 1)).toEqual(['new', 'joined'])
})

import { describe, expect, it } from 'vitest'
import { type AskedFacts, type BookOptions, QueryBook } from '../../../src/observe/index.ts'

const options: BookOptions = { privacy: 'full', keep: 3, hours: 2, ignore: [] }
let now = 1_000_000

function bookWith(changes: Partial<BookOptions> = {}): QueryBook {
  now = 1_000_000
  const onFault = (error: unknown) => {
    throw error
  }
  return new QueryBook({ ...options, ...changes }, () => now, onFault)
}

function asked(name: string, changes: Partial<AskedFacts> = {}): AskedFacts {
  return {
    question: () => ({ name, type: 'A' }),
    client: '192.0.2.7',
    device: () => 'phone',
    protocol: 'udp',
    rcode: 'NOERROR',
    security: 'insecure',
    provenance: 'solo',
    elapsedMs: 1.25,
    ede: [],
    ...changes,
  }
}

describe('the book of queries', () => {
  it('writes nothing down at the level "off", and does not even read the name', () => {
    const book = bookWith({ privacy: 'off' })
    const question = () => {
      throw new Error('the name was read')
    }
    book.heard(asked('www.example.', { question }))
    expect(book.search({ most: 9 })).toEqual([])
    expect(book.wantsAll).toBe(false)
  })

  it.each([
    ['names', { client: '', device: '' }],
    ['clients', { client: expect.stringMatching(/^#[0-9a-f]{6}$/), device: '' }],
    ['full', { client: '192.0.2.7', device: 'phone' }],
  ] as const)('says at the level "%s" no more of who asked than that', (privacy, who) => {
    const book = bookWith({ privacy })
    book.heard(asked('www.example.'))
    expect(book.search({ most: 9 })).toEqual([
      expect.objectContaining({ name: 'www.example.', type: 'A', outcome: 'solo', ms: 1.3, ...who }),
    ])
  })

  it('gives one client one mark, another another, and other marks after a restart', () => {
    const marks = (book: QueryBook) => {
      for (const client of ['192.0.2.7', '192.0.2.8', '192.0.2.7']) book.heard(asked('a.', { client }))
      return book.search({ most: 9 }).map(({ client }) => client)
    }
    const [first, second, third] = marks(bookWith({ privacy: 'clients' }))
    expect(first).toBe(third)
    expect(first).not.toBe(second)
    expect(marks(bookWith({ privacy: 'clients' }))).not.toContain(first)
  })

  it('never writes down what is to be ignored, in any case, nor what is below', () => {
    const book = bookWith({ ignore: ['Bank.example', 'doctor.test.'] })
    for (const name of ['bank.EXAMPLE.', 'www.bank.example.', 'notbank.example.', 'a.b.doctor.test.'])
      book.heard(asked(name))
    expect(book.search({ most: 9 }).map(({ name }) => name)).toEqual(['notbank.example.'])
  })

  it('keeps the newest, as many and for as long as was said', () => {
    const book = bookWith()
    for (const name of ['a.', 'b.', 'c.', 'd.']) book.heard(asked(name))
    expect(book.search({ most: 9 }).map(({ name }) => name)).toEqual(['d.', 'c.', 'b.'])
    now += 3_600_000
    book.heard(asked('e.'))
    now += 3_600_001
    expect(book.search({ most: 9 }).map(({ name }) => name)).toEqual(['e.'])
    expect(book.size).toBe(1)
  })

  it('stays within its bound over many questions', () => {
    const book = bookWith({ keep: 100 })
    for (let i = 0; i < 5_000; i++) book.heard(asked(`n${i}.`))
    expect(book.size).toBe(100)
    expect(book.search({ most: 1 })[0]!.name).toBe('n4999.')
  })

  it('finds by part of a name, by client or device, and by outcome', () => {
    const book = bookWith()
    book.heard(asked('www.example.'))
    book.heard(asked('mail.example.', { rcode: 'SERVFAIL', ede: [{ code: 22, text: 'no server answers' }] }))
    book.heard(
      asked('ads.test.', { client: '192.0.2.9', device: () => undefined, ede: [{ code: 15, text: 'my list' }] }),
    )
    const names = (search: object) => book.search({ most: 9, ...search }).map(({ name }) => name)
    expect(names({ text: 'EXAMPLE' })).toEqual(['mail.example.', 'www.example.'])
    expect(names({ client: 'phone' })).toEqual(['mail.example.', 'www.example.'])
    expect(names({ client: '192.0.2.9' })).toEqual(['ads.test.'])
    expect(names({ outcome: 'failed' })).toEqual(['mail.example.'])
    expect(book.search({ most: 1, outcome: 'blocked' })).toEqual([expect.objectContaining({ reason: 'my list' })])
    expect(names({ most: 1 })).toEqual(['ads.test.'])
  })

  it('forgets at once what a stricter level would not have written down', () => {
    const book = bookWith()
    book.heard(asked('www.example.'))
    book.set({ ...options, privacy: 'clients' })
    expect(book.search({ most: 9 })).toEqual([
      expect.objectContaining({ name: 'www.example.', client: '', device: '' }),
    ])
    book.set({ ...options, privacy: 'full', ignore: ['example'] })
    expect(book.size).toBe(0)
    book.heard(asked('www.test.'))
    book.set({ ...options, privacy: 'off' })
    book.set(options)
    expect(book.size).toBe(0)
  })

  it('tells who listens of each row, in the moment that it is written', () => {
    const book = bookWith()
    const heard: string[] = []
    const stop = book.listeners.add(({ name }) => heard.push(name))
    book.heard(asked('a.'))
    stop()
    book.heard(asked('b.'))
    expect(heard).toEqual(['a.'])
  })
})

/** CD, DO and AD against RFC 4035 section 3.2 and RFC 6840 section 5.7 to 5.9, through the whole stack. */
import { beforeAll, describe, expect, it } from 'vitest'
import { Ede, Rcode, readEde, Type } from '../../src/dns/index.ts'
import { createStack, createWorld, demoSpec, type Stack, signWorld } from '../world/index.ts'

const signed = signWorld(demoSpec(), {
  '.': {},
  'com.': {},
  'org.': {},
  'example.com.': { corrupt: ['mail.example.com. A'], unsigned: ['txt.example.com. TXT'] },
})

let stack: Stack
beforeAll(async () => {
  const world = await createWorld(signed.spec, { sockets: false })
  stack = createStack(world, { anchors: signed.anchorText })
})

const SECURE = 'www.example.com'
const INSECURE = 'www.example.org'
const BOGUS = 'mail.example.com'

interface Row {
  readonly name: string
  readonly cd: boolean
  readonly do: boolean
  readonly ad: boolean
  readonly rcode: number
  readonly adSet: boolean
  readonly signatures: boolean
}

const rows: Row[] = []
for (const cd of [false, true])
  for (const dnssecOk of [false, true])
    for (const ad of [false, true]) {
      const flags = { cd, do: dnssecOk, ad }
      // RFC 6840 5.7: AD in a query says that the asker wants to know; DO says so too (RFC 4035 3.2.3).
      rows.push({ name: SECURE, ...flags, rcode: Rcode.NOERROR, adSet: ad || dnssecOk, signatures: dnssecOk })
      rows.push({ name: INSECURE, ...flags, rcode: Rcode.NOERROR, adSet: false, signatures: false })
      // RFC 4035 3.2.2: with CD the asker takes the judgement upon itself, and gets what there is.
      rows.push({
        name: BOGUS,
        ...flags,
        rcode: cd ? Rcode.NOERROR : Rcode.SERVFAIL,
        adSet: false,
        signatures: cd && dnssecOk,
      })
    }

describe('CD, DO and AD', () => {
  it.each(rows)('$name CD=$cd DO=$do AD=$ad', async (row) => {
    const reply = await stack.ask({ name: row.name }, { cd: row.cd, do: row.do, ad: row.ad })
    expect(reply.rcode).toBe(row.rcode)
    expect(reply.cd).toBe(row.cd)
    expect(reply.edns?.do).toBe(row.do)
    expect(reply.ad).toBe(row.adSet)
    expect(reply.answers.some((one) => one.type === Type.RRSIG)).toBe(row.signatures)
  })

  it('says why an answer is bogus', async () => {
    const reply = await stack.ask({ name: BOGUS })
    expect(readEde(reply.edns!.options)[0]).toMatchObject({ code: Ede.DNSSEC_BOGUS })
    const missing = await stack.ask({ name: 'txt.example.com', type: 'TXT' })
    expect([missing.rcode, readEde(missing.edns!.options)[0]?.code]).toEqual([Rcode.SERVFAIL, Ede.RRSIGS_MISSING])
  })

  it('serves bogus data from the cache to those who check themselves, and to nobody else', async () => {
    await stack.ask({ name: BOGUS })
    expect((await stack.ask({ name: BOGUS }, { cd: true })).answers).toHaveLength(1)
    expect((await stack.ask({ name: BOGUS })).rcode).toBe(Rcode.SERVFAIL)
  })

  it('gives proofs of absence with DO only, and AD for what is proven', async () => {
    const plain = await stack.ask({ name: 'missing.example.com' }, { ad: true })
    expect([plain.rcode, plain.ad, plain.authorities.map((one) => one.type)]).toEqual([
      Rcode.NXDOMAIN,
      true,
      [Type.SOA],
    ])
    const full = await stack.ask({ name: 'missing.example.com' }, { do: true })
    expect(full.authorities.some((one) => one.type === Type.NSEC)).toBe(true)
    expect(full.ad).toBe(true)
  })

  it('AD needs every link of a chain to be secure', async () => {
    const through = await stack.ask({ name: 'alias.example.com' }, { ad: true })
    expect([through.rcode, through.ad]).toEqual([Rcode.NOERROR, true])
    const out = await stack.ask({ name: 'chain.example.com' }, { ad: true })
    expect([out.rcode, out.ad]).toEqual([Rcode.NOERROR, false])
  })
})

describe('TTLs', () => {
  it('of unsigned data are its own, whatever the proof that it is unsigned has', async () => {
    const spec = demoSpec()
    // The proofs of absence of org live for a minute (RFC 9077: the lesser of the SOA's TTL and its MINIMUM).
    const zones = spec.zones.map((zone) =>
      zone.origin === 'org.' ? { ...zone, text: zone.text.replace(/(SOA .*\s)\d+(\s*)$/m, '$160$2') } : zone,
    )
    const short = signWorld({ ...spec, zones }, { '.': {}, 'org.': {} })
    const world = await createWorld(short.spec, { sockets: false })
    const reply = await createStack(world, { anchors: short.anchorText }).ask({ name: INSECURE })
    expect(reply.answers[0]!.ttl).toBeGreaterThan(290)
  })
})

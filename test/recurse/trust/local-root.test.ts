import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import { nameToText, parseName, parseZone, ROOT, rdataToText, Type, typeToText } from '../../../src/dns/index.ts'
import { parseTrustAnchors, simpleDigest, supportedAlgorithms, supportedDigests } from '../../../src/dnssec/index.ts'
import { readRootZone } from '../../../src/recurse/index.ts'
import { createWorld, demoSpec, signWorld } from '../../world/index.ts'
import { makeKeys } from '../../world/keys.ts'
import { signZone } from '../../world/sign.ts'

/** A signed root with a ZONEMD record: its digest is made over the zone as it is signed, without the record itself. */
function signedRoot() {
  const spec = demoSpec()
  const plain = spec.zones.find((zone) => zone.origin === '.')!.text
  const keys = makeKeys(13)
  const { anchorText } = signWorld(spec, { '.': { keys } })
  const serial = /SOA\s+\S+\s+\S+\s+\(?\s*(\d+)/.exec(plain)?.[1] ?? '1'
  const withZonemd = (digest: string) => signZone('.', `${plain}\n. 86400 ZONEMD ${serial} 1 1 ${digest}\n`, { keys })
  // The NSEC at the apex lists ZONEMD, so the digest is made over a zone that has the record already.
  const draft = withZonemd('00'.repeat(48))
  const digest = toHex(simpleDigest(parseZone(draft, { origin: ROOT }), ROOT))
  const lines = parseZone(draft, { origin: ROOT })
  return { text: resign(lines, plain, serial, digest, keys), anchorText }
}

/** The zone again with the true digest; ECDSA signatures are random, so only the ZONEMD record and its own RRSIG are exchanged. */
function resign(
  draft: ReturnType<typeof parseZone>,
  plain: string,
  serial: string,
  digest: string,
  keys: ReturnType<typeof makeKeys>,
): string {
  const final = parseZone(signZone('.', `${plain}\n. 86400 ZONEMD ${serial} 1 1 ${digest}\n`, { keys }), {
    origin: ROOT,
  })
  const isZonemd = (one: (typeof draft)[number]) =>
    one.type === Type.ZONEMD || (one.type === Type.RRSIG && one.rdata[0] === 0 && one.rdata[1] === Type.ZONEMD)
  const records = [...draft.filter((one) => !isZonemd(one)), ...final.filter(isZonemd)]
  return records
    .map((one) => `${nameToText(one.name)} ${one.ttl} IN ${typeToText(one.type)} ${rdataToText(one.type, one.rdata)}`)
    .join('\n')
}

const validation = (anchorText: string) => ({
  anchors: () => parseTrustAnchors(anchorText),
  negativeAnchors: [],
  algorithms: supportedAlgorithms({ sha1: 'validate' }),
  digests: supportedDigests({ sha1: 'validate' }),
  now: () => Math.floor(Date.now() / 1000),
})

describe('a local copy of the root', () => {
  const { text, anchorText } = signedRoot()

  it('gives the delegations of a zone whose digest is signed and fits', () => {
    const delegations = readRootZone(text, validation(anchorText))
    expect(delegations.map(({ zone }) => nameToText(zone)).sort()).toEqual(['com.', 'info.', 'net.', 'org.'])
    const com = delegations.find(({ zone }) => zone.key === parseName('com').key)!
    expect(com.nameServers.map(nameToText)).toEqual(['a.gtld.net.', 'b.gtld.net.'])
    expect([...com.addresses.values()].flat()).toContain('127.53.1.1')
    // It is not signed: the root's NSEC record says so.
    expect(com.proofs).toHaveLength(1)
  })

  it.each([
    ['a changed name server address', (zone: string) => zone.replace('127.53.1.1', '127.53.1.99'), 'digest'],
    ['a delegation more', (zone: string) => `${zone}\nevil. 86400 IN NS ns.evil.\n`, 'digest'],
    ['a forged digest', (zone: string) => zone.replace(/(ZONEMD \d+ 1 1 )[0-9A-Fa-f]{2}/, '$1FF'), ''],
    [
      'no digest',
      (zone: string) =>
        zone
          .split('\n')
          .filter((line) => !/\sZONEMD\s/.test(line))
          .join('\n'),
      'ZONEMD',
    ],
  ])('is refused with %s', (_, change, reason) => {
    expect(() => readRootZone(change(text), validation(anchorText))).toThrow(reason)
  })

  it('is refused when its keys are not those of the trust anchor', () => {
    const other = signWorld(demoSpec(), { '.': {} }).anchorText
    expect(() => readRootZone(text, validation(other))).toThrow('local copy of the root')
  })

  it('is taken as it is when nothing is validated', async () => {
    const world = await createWorld(demoSpec(), { sockets: false })
    expect(world.port).toBeGreaterThan(0)
    expect(readRootZone(demoSpec().zones.find((zone) => zone.origin === '.')!.text, undefined)).toHaveLength(4)
  })
})

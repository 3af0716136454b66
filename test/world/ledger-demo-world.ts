/** What the demo of the ledger resolves: a signed root and com, and a domain below it whose zone and whose parent's word change on the way. */
import { readFileSync } from 'node:fs'
import { parseName } from '../../src/dns/index.ts'
import { composeSpec } from './compose.ts'
import { dsRdata, keyFromPem, makeKey, type ZoneKey } from './keys.ts'
import { signWorld, signZone } from './sign.ts'
import { createWorld, type World } from './world.ts'

export const DOMAIN = 'shop.com'
export const DOMAIN_SERVER = { name: 'ns1.shop.com', address: '127.57.2.1' }
/** Seconds: a change shows while one looks on. */
const TTL = 2
const NETWORK = '127.57'

export interface LedgerDemoWorld {
  readonly world: World
  readonly anchorText: string
  /** Signs the domain's zone with the key in a .pem file of `chordns domain keygen`, and serves it. */
  serveSigned(pemFile: string): void
  /** com puts the DS of another key in the place of the domain's. Returns it. */
  replaceDs(): string
  /** One byte of the address of `name` is another one than was signed. */
  changeByte(name: string): void
}

const zoneText = `$TTL ${TTL}
@   SOA ns1 hostmaster 1 7200 3600 1209600 ${TTL}
@   NS  ns1
ns1 A   ${DOMAIN_SERVER.address}
www A   192.0.2.80
pay A   192.0.2.81
*.w A   192.0.2.82
`

export async function ledgerDemoWorld(): Promise<LedgerDemoWorld> {
  const plain = composeSpec({
    hosts: {
      'a.root.': `${NETWORK}.0.1`,
      'ns1.com.': `${NETWORK}.1.1`,
      [`${DOMAIN_SERVER.name}.`]: DOMAIN_SERVER.address,
    },
    zones: [
      { origin: '.', nameServers: ['a.root.'], text: '' },
      { origin: 'com.', nameServers: ['ns1.com.'], text: '', negativeTtl: TTL },
      { origin: `${DOMAIN}.`, nameServers: [`${DOMAIN_SERVER.name}.`], text: '', nsTtl: TTL },
    ],
  })
  const signed = signWorld(plain, { '.': {}, 'com.': {} })
  const world = await createWorld(signed.spec)
  let text = ''
  const serve = () => world.setZone({ origin: `${DOMAIN}.`, servers: [DOMAIN_SERVER.name], text })
  return {
    world,
    anchorText: signed.anchorText,
    serveSigned(pemFile) {
      const key = keyFromPem(15, readFileSync(pemFile, 'utf8'))
      text = signZone(`${DOMAIN}.`, zoneText, { keys: { ksk: key, zsk: key }, dnskeys: 'ksk', dnskeyTtl: TTL })
      serve()
    },
    replaceDs() {
      const ds = dsText(makeKey(15, 257))
      const com = `${signed.unsignedTexts.get('com.')}\n${DOMAIN}. ${TTL} IN DS ${ds}\n`
      const { keys } = signed.options.get('com.')!
      world.setZone({ origin: 'com.', servers: ['ns1.com'], text: signZone('com.', com, { keys: keys! }) })
      return ds
    },
    changeByte(name) {
      const was = `${name}. ${TTL} IN A \\# 4 c0000251`
      if (!text.includes(was)) throw new Error(`the zone has no ${was}`)
      text = text.replace(was, `${was.slice(0, -2)}5b`)
      serve()
    },
  }
}

function dsText(key: ZoneKey): string {
  const rdata = dsRdata(parseName(`${DOMAIN}.`), key)
  return `${key.tag} ${key.algorithm} 2 ${Buffer.from(rdata.subarray(4)).toString('hex').toUpperCase()}`
}

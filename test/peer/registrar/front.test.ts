import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../../src/base/index.ts'
import { ed25519Signer, encodeCanonical, sha256 } from '../../../src/crypto/index.ts'
import {
  commitHash,
  commitStateKey,
  decodePayload,
  defaultPolicy,
  encodeRecord,
  type KeptRoot,
  keptRootStateKey,
  keptVerdict,
  makeKeptBook,
  NameCode,
  type NameRecord,
  nameStateKey,
  pageOf,
  policyStateKey,
  policyToValue,
  shownFromValue,
  shownOf,
} from '../../../src/ledger/index.ts'
import { addClient, Clients } from '../../../src/peer/registrar/clients.ts'
import { RegistrarDesk } from '../../../src/peer/registrar/desk.ts'
import { type RegistrarFront, startFront } from '../../../src/peer/registrar/front.ts'
import { limits } from '../../../src/peer/registrar/limits.ts'
import type { RegistrarNode } from '../../../src/peer/registrar/node-port.ts'
import { ascii, DAY, type NameWish, NOW, recordOf } from '../zones/state-source.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-registrar-'))
const file = join(dir, 'clients')
const owner = ed25519Signer(sha256(ascii('owner')))
const other = ed25519Signer(sha256(ascii('other')))
const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** A node whose state a test makes by hand; it remembers what it was to carry. */
class HandMadeNode implements RegistrarNode {
  readonly values = new Map<string, string>()
  readonly carried: Uint8Array[] = []
  code = 0
  readonly book = makeKeptBook(['bank'])

  constructor() {
    this.values.set(
      toHex(policyStateKey),
      toHex(encodeCanonical(policyToValue({ ...defaultPolicy, payee: new Uint8Array(32) }))),
    )
  }

  has(label: string, wish: NameWish = {}): void {
    const record: NameRecord = { ...recordOf(label, wish), owner: owner.publicKey }
    this.values.set(toHex(nameStateKey(ascii(label))), toHex(encodeRecord(record)))
  }

  async chains() {
    return [{ name: 'p2p', chainId: '22'.repeat(32) }]
  }

  async prove(_: string, keys: readonly string[]) {
    return keys.map((key) => this.values.get(key) ?? null)
  }

  async keptPage(_: string, root: KeptRoot, label: Uint8Array) {
    const shown = shownOf(this.book, pageOf(root, label))
    return { shown, isKept: keptVerdict(root, label, shown) === 'kept' }
  }

  async carry(_: string, payload: Uint8Array) {
    this.carried.push(payload)
    return { transaction: '33'.repeat(32), height: 7, code: this.code, detail: '' }
  }
}

describe('a registrar', () => {
  const node = new HandMadeNode()
  let front: RegistrarFront
  let token = ''
  let now = 0

  beforeAll(async () => {
    token = await addClient(file, 'shop')
    const desk = new RegistrarDesk({ node, now: () => NOW, mostUnits: 1_000 })
    const deps = { desk, clients: new Clients(file), log: silent, monotonic: () => now, hosts: ['registrar.example'] }
    front = await startFront({ address: '127.0.0.1', port: 0 }, deps)
    node.has('shop')
    node.has('locked', { life: { isLocked: true } })
    node.has('late', { ends: -40 * DAY })
  })

  afterAll(async () => {
    await front.close()
    rmSync(dir, { recursive: true, force: true })
  })

  function post(path: string, text: string, headers: Readonly<Record<string, string>> = {}) {
    now += 5_000
    const { address, port } = front.address
    return new Promise<{ status: number; code: number; data: Record<string, unknown> }>((resolve, reject) => {
      const sent = request(
        { host: address, port, path, method: 'POST', headers: { authorization: `Bearer ${token}`, ...headers } },
        (response) => {
          let body = ''
          response.on('data', (chunk) => {
            body += chunk
          })
          response.on('end', () => resolve({ status: response.statusCode!, ...JSON.parse(body) }))
        },
      )
      sent.on('error', reject)
      sent.end(text)
    })
  }
  const ask = (command: string, body: object, headers = {}) =>
    post(`/v1/domain/${command}`, JSON.stringify(body), headers)

  it('says which names are free, and at which price', async () => {
    const { code, data } = await ask('check', { names: ['free.p2p', 'shop.p2p', 'ab.p2p', 'a.b.p2p', 'shop.com'] })
    expect(code).toBe(1000)
    expect(data['names']).toMatchObject([
      { avail: true, price: 160 },
      { avail: false, reason: 'in use' },
      { avail: true, price: 1_280 },
      { avail: false, price: null },
      { avail: false, price: null },
    ])
  })

  it.each([
    ['shop', ['ok']],
    ['locked', ['clientTransferProhibited', 'clientDeleteProhibited']],
    ['late', ['pendingDelete', 'redemptionPeriod']],
  ])('says of %s how EPP calls where it stands', async (label, status) => {
    expect((await ask('info', { name: `${label}.p2p` })).data).toMatchObject({
      status,
      registrant: toHex(owner.publicKey),
    })
  })

  it.each([
    ['transfer', { op: 'request', to: toHex(other.publicKey) }],
    ['transfer', { op: 'cancel' }],
    ['update', { ns: ['ns.elsewhere.net'] }],
    ['update', { lock: true }],
    ['delete', {}],
  ])('carries %s %j once its owner has signed what it says, and for nobody else', async (command, more) => {
    const body = { name: 'shop.p2p', ...more }
    const before = node.carried.length
    const first = await ask(command, body)
    expect(first).toMatchObject({ status: 200, code: 1001, data: { by: toHex(owner.publicKey) } })
    const bytes = fromHex(String(first.data['sign']))
    const forged = await ask(command, { ...body, signature: toHex(other.sign(bytes)) })
    expect(forged).toMatchObject({ status: 403, code: 2202 })
    expect(node.carried.length).toBe(before)
    const done = await ask(command, { ...body, signature: toHex(owner.sign(bytes)) })
    expect(done.code).toBeLessThan(2_000)
    expect(node.carried.length).toBe(before + 1)
    // What was signed for one thing is no signature of another.
    const moved = await ask('transfer', { name: 'locked.p2p', op: 'cancel', signature: toHex(owner.sign(bytes)) })
    expect(moved.code).toBe(2202)
  })

  it('learns a name when its commit is in a block, and pays no more than its operator or its customer says', async () => {
    expect(await ask('create', { tld: 'p2p', commit: '44'.repeat(32) })).toMatchObject({
      code: 1001,
      data: { from: 9 },
    })
    expect(await ask('create', { tld: 'root', commit: '44'.repeat(32) })).toMatchObject({ code: 2303 })
    const create = {
      registrant: toHex(owner.publicKey),
      salt: '55'.repeat(32),
      ds: [`1 15 2 ${'AB'.repeat(32)}`],
      ns: ['ns.net'],
    }
    expect(await ask('create', { ...create, name: 'ab.p2p' })).toMatchObject({ status: 400, code: 2104 })
    expect(await ask('create', { ...create, name: 'shop.p2p' })).toMatchObject({ status: 409, code: 2302 })
    expect(await ask('create', { ...create, name: 'newname.p2p' })).toMatchObject({ code: 1001, data: { cost: 10 } })
    expect(await ask('renew', { name: 'shop.p2p', period: 2, most: 10 })).toMatchObject({ code: 2104 })
    expect(await ask('renew', { name: 'late.p2p' })).toMatchObject({ code: 2105 })
  })

  it('gives no name out that waits for a claim, and shows the page of one that does not', async () => {
    const { bits, names, seed, root } = node.book.root
    node.values.set(toHex(keptRootStateKey), toHex(encodeCanonical([bits, names, seed, root])))
    const create = {
      registrant: toHex(owner.publicKey),
      salt: '55'.repeat(32),
      ds: [`1 15 2 ${'AB'.repeat(32)}`],
      ns: ['ns.net'],
    }
    expect((await ask('check', { names: ['bank.p2p', 'fresh.p2p', 'shop.p2p'] })).data['names']).toMatchObject([
      { avail: false, reason: 'kept for who has it in the DNS' },
      { avail: true },
      { avail: false, reason: 'in use' },
    ])
    expect(await ask('create', { ...create, name: 'bank.p2p' })).toMatchObject({ code: 2306 })
    const first = await ask('create', { ...create, name: 'freshname.p2p' })
    const signature = toHex(owner.sign(fromHex(String(first.data['sign']))))
    expect(await ask('create', { ...create, name: 'freshname.p2p', signature })).toMatchObject({ code: 1000 })
    const { fields } = decodePayload(node.carried.at(-1)!)
    expect(shownFromValue(fields.at(-1))).toEqual({ page: node.book.pages[0], path: [] })
    node.values.delete(toHex(keptRootStateKey))
  })

  it('carries a registration of a name that somebody has, where its commit came before his', async () => {
    const create = {
      name: 'shop.p2p',
      registrant: toHex(other.publicKey),
      salt: '55'.repeat(32),
      ds: [`1 15 2 ${'AB'.repeat(32)}`],
      ns: ['ns.net'],
    }
    const label = ascii('shop')
    const registration = {
      chainId: fromHex('22'.repeat(32)),
      label,
      owner: other.publicKey,
      salt: fromHex(create.salt),
    }
    const key = toHex(commitStateKey(commitHash(registration)))
    const { commit } = recordOf('shop', {})
    const committed = (number: number, time: number) => node.values.set(key, toHex(encodeCanonical([number, 5, time])))
    committed(commit + 1, NOW - 60_000)
    expect(await ask('create', create)).toMatchObject({ code: 2302 })
    committed(commit - 1, NOW - 3_600_001)
    expect(await ask('create', create)).toMatchObject({ code: 2302 })
    committed(commit - 1, NOW - 60_000)
    expect(await ask('create', create)).toMatchObject({ code: 1001, data: { by: toHex(other.publicKey) } })
    node.values.delete(key)
  })

  it('tells by the codes of EPP what the ledger made of it', async () => {
    const codes = [
      [NameCode.FROZEN, 2304],
      [NameCode.PENDING, 2300],
      [NameCode.PRICE, 2104],
      [4, 2104],
      [7, 2302],
      [12_345, 2400],
    ] as const
    for (const [code, epp] of codes) {
      node.code = code
      expect((await ask('renew', { name: 'shop.p2p' })).code).toBe(epp)
    }
    node.code = 0
  })

  it('is asked under its own names, by no page of the web, with a token', async () => {
    expect(await ask('info', { name: 'shop.p2p' }, { host: 'rebound.example' })).toMatchObject({
      status: 403,
      code: 2201,
    })
    expect(await ask('info', { name: 'shop.p2p' }, { host: 'Registrar.example' })).toMatchObject({ code: 1000 })
    expect(await ask('info', { name: 'shop.p2p' }, { 'sec-fetch-site': 'cross-site' })).toMatchObject({ code: 2201 })
    expect(await ask('info', { name: 'shop.p2p' }, { authorization: 'Bearer other' })).toMatchObject({
      status: 401,
      code: 2200,
    })
    expect(await ask('info', { name: 'shop.p2p' }, { authorization: '' })).toMatchObject({ code: 2200 })
  })

  it('reads nothing that is too long or something else', async () => {
    expect(await post('/v1/domain/info', '{"name"')).toMatchObject({ status: 400, code: 2001 })
    expect(await ask('info', { name: 'x'.repeat(limits.MAX_BODY_BYTES) })).toMatchObject({ code: 2001 })
    expect(await ask('info', { name: 'shop.p2p', more: 1 })).toMatchObject({ code: 2001 })
    expect(await ask('check', { names: Array(21).fill('shop.p2p') })).toMatchObject({ code: 2001 })
    expect(await post('/v1/domain/steal', '{}')).toMatchObject({ status: 404, code: 2000 })
    expect(await ask('update', { name: 'shop.p2p', ds: ['/etc/passwd'] })).toMatchObject({ code: 2001 })
  })

  it('bounds what one customer asks', async () => {
    const start = now
    const codes: number[] = []
    for (let i = 0; i < limits.COMMANDS_BURST + 2; i++) {
      now = start - 5_000
      codes.push((await ask('info', { name: 'shop.p2p' })).code)
    }
    expect(codes.at(-1)).toBe(2502)
    expect(codes[0]).toBe(1000)
  })

  it('lets a customer in and out while it runs', async () => {
    now += 60_000
    writeFileSync(file, '# nobody\n')
    expect(await ask('info', { name: 'shop.p2p' })).toMatchObject({ code: 2200 })
    token = await addClient(file, 'again')
    expect(await ask('info', { name: 'shop.p2p' })).toMatchObject({ code: 1000 })
    writeFileSync(file, 'broken')
    expect(() => new Clients(file)).toThrow(expect.objectContaining({ code: 'REGISTRAR_CLIENTS' }))
  })
})

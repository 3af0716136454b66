/**
 * Two registrars, each a process of its own with an account of its own: a name is registered through one, who then turns against its owner, and handed over through
 * the other. The owner's keys are in this process only. Clocks are two hours back at first: a name that has just been registered is not handed over for an hour.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/index.ts'
import { ed25519Signer, sha256 } from '../../src/crypto/index.ts'
import { commitHash } from '../../src/ledger/index.ts'
import { CLI, pause, until } from './scenes/asking.ts'

const HOURS_BACK = -2 * 3_600_000
const STATUS = '127.77.0.1:8053'
const POLICY = {
  transferDelay: '2s',
  lock: '0s',
  mustBeUsedWithin: '0s',
  prices: [10],
}

interface Reply {
  readonly code: number
  readonly data: ReplyData
}

/** What commands say, together: each says a part of it. */
interface ReplyData {
  readonly by: string
  readonly sign: string
  readonly names: readonly object[]
  readonly from: number
  readonly height: number
  readonly undo: string
  readonly registrant: string
  readonly life: { readonly expires: string }
}

describe('registrars', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-registrars-'))
  const at = (name: string) => join(dir, name)
  const owner = ed25519Signer(sha256(new TextEncoder().encode('the owner')))
  const heir = ed25519Signer(sha256(new TextEncoder().encode('who buys it')))
  const children: ChildProcess[] = []
  let log = ''
  let node: ChildProcess
  const tokens = new Map<string, string>()
  const doors = new Map<string, string>()

  /** A process of chordns whose wall clock is that much ahead. */
  function started(aheadMs: number, ...args: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, ['--import', at('clock.mjs'), CLI, ...args], {
      env: { ...process.env, AHEAD_MS: String(aheadMs) },
    })
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        log = `${log}${args[1]}: ${chunk}`.slice(-8_000)
      })
    children.push(child)
    return child
  }

  function ended(child: ChildProcess): Promise<number | null> {
    return new Promise((resolve) => {
      if (child.exitCode !== null) resolve(child.exitCode)
      else child.once('close', (code) => resolve(code))
    })
  }

  async function said(aheadMs: number, ...args: readonly string[]): Promise<string> {
    const child = started(aheadMs, ...args)
    let out = ''
    child.stdout?.on('data', (chunk) => {
      out += chunk
    })
    if ((await ended(child)) !== 0) throw new Error(`${args.join(' ')}\n${log}`)
    return out
  }

  const dataOf = (who: string) => ['--set', `data=${at(who)}`]

  function startNode(aheadMs: number): ChildProcess {
    return started(
      ...([aheadMs, 'ledger', 'start', '--role', 'validator', ...dataOf('A')] as const),
      ...['--set', `ledger.genesis=${at('genesis.json')}`, '--set', 'ring.listen=["/ip4/127.0.0.1/tcp/0"]'],
      ...['--set', 'ring.id=home', '--set', 'ring.mdns=false', '--set', `status.listen=${STATUS}`],
    )
  }

  /** Resolves once it is ready. */
  async function startRegistrar(who: string, aheadMs: number): Promise<ChildProcess> {
    const clients = ['--clients', at(`${who}.clients`)]
    const child = started(
      aheadMs,
      'ledger',
      'registrar',
      ...clients,
      '--listen',
      '127.0.0.1:0',
      '--node',
      STATUS,
      ...dataOf(who),
    )
    let out = ''
    child.stdout?.on('data', (chunk) => {
      out += chunk
    })
    doors.set(
      who,
      await until(
        'a registrar',
        () => /listen=(\S+)/.exec(out)?.[1],
        () => log,
      ),
    )
    return child
  }

  async function ask(
    who: string,
    command: string,
    body: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Reply> {
    for (;;) {
      const response = await fetch(`http://${doors.get(who)}/v1/domain/${command}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tokens.get(who)}`, ...headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(60_000),
      })
      const reply = (await response.json()) as Reply
      // Five commands a second, and a transaction in two: a client waits.
      if (reply.code !== 2502) return reply
      await pause(2_000)
    }
  }

  /** As an owner does it: the front says what it is about, and the signature goes along with the same command. */
  async function signedBy(signer: typeof owner, who: string, command: string, body: object): Promise<Reply> {
    const { code, data } = await ask(who, command, body)
    if (code !== 1001) return { code, data }
    expect(data.by).toBe(toHex(owner.publicKey))
    return ask(who, command, { ...body, signature: toHex(signer.sign(fromHex(data.sign))) })
  }

  beforeAll(async () => {
    writeFileSync(
      at('clock.mjs'),
      'const ahead = Number(process.env.AHEAD_MS); const True = Date; const now = () => True.now() + ahead;\n' +
        'globalThis.Date = new Proxy(True, { construct: (t, a) => a.length === 0 ? new t(now()) : new t(...a), get: (t, k) => k === "now" ? now : Reflect.get(t, k) });\n',
    )
    writeFileSync(at('policy.json'), JSON.stringify(POLICY))
    await Promise.all([
      said(0, 'ledger', 'keygen', ...dataOf('A'), '--name', 'A', '--out', at('A.json')),
      said(0, 'ledger', 'keygen', ...dataOf('B'), '--name', 'B', '--no-validator', '--out', at('B.json')),
    ])
    const chains = ['--chain', 'root', '--chain', 'example', '--names', at('policy.json')]
    const who = ['--endorser', at('A.json'), '--founder', at('B.json'), '--heartbeat', '1', '--interval', '0.2']
    await said(HOURS_BACK, 'ledger', 'init', '--ring', 'home', ...chains, ...who, '--out', at('genesis.json'))
    node = startNode(HOURS_BACK)
    await Promise.all(
      ['A', 'B'].map(async (one) => {
        const added = await said(0, 'ledger', 'registrar', '--clients', at(`${one}.clients`), '--add-client', 'shop')
        tokens.set(one, added.trim())
      }),
    )
  })

  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  })

  it('carry a registration of which they learn the name at the end, and which the owner alone can sign', async () => {
    const front = await startRegistrar('A', HOURS_BACK)
    const free = await until(
      'the chain',
      async () => {
        const reply = await ask('A', 'check', { names: ['shop.example', 'shop.elsewhere'] })
        expect(reply.code).toBe(1000)
        return reply.data.names
      },
      () => log,
    )
    expect(free).toMatchObject([{ avail: true, price: 10 }, { avail: false }])
    const chains = JSON.parse(await said(0, 'ledger', 'status', '--json', '--node', STATUS)).chains
    const chainId = fromHex(chains.find(({ name }: { name: string }) => name === 'example').chainId)
    const registration = {
      chainId,
      label: new TextEncoder().encode('shop'),
      owner: owner.publicKey,
      salt: sha256(owner.publicKey),
    }
    const commit = { tld: 'example', commit: toHex(commitHash(registration)) }
    const committed = await until(
      'a block',
      async () => {
        const reply = await ask('A', 'create', commit)
        expect(reply.code).toBe(1001)
        return reply.data
      },
      () => log,
    )
    const create = {
      name: 'shop.example',
      registrant: toHex(owner.publicKey),
      salt: toHex(registration.salt),
      ds: [`12345 15 2 ${'AB'.repeat(32)}`],
      ns: ['ns1.shop.example=192.0.2.1'],
      movable: true,
    }
    expect(committed.from).toBe(committed.height + 2)
    const forged = await signedBy(heir, 'A', 'create', create)
    expect(forged.code).toBe(2202)
    await until(
      'two blocks',
      async () => (await signedBy(owner, 'A', 'create', create)).code === 1000,
      () => log,
    )
    await until('a header that proves it', async () => {
      const { data } = await ask('A', 'check', { names: ['shop.example'] })
      expect(data.names).toMatchObject([{ avail: false, reason: 'in use' }])
      return true
    })
    front.kill('SIGTERM')
    expect(await ended(front)).toBe(0)
  })

  it('are let in by token and Host only, with bodies that are what they should be', async () => {
    node.kill('SIGTERM')
    await ended(node)
    node = startNode(0)
    await Promise.all([startRegistrar('A', 0), startRegistrar('B', 0)])
    expect((await ask('A', 'info', { name: 'shop.example' }, { authorization: 'Bearer nobody' })).code).toBe(2200)
    expect((await ask('A', 'info', { name: 'shop.example' }, { origin: 'http://elsewhere.example' })).code).toBe(2201)
    expect((await ask('A', 'info', { name: 'shop.example', more: 1 })).code).toBe(2001)
    expect((await ask('A', 'info', { name: 'x'.repeat(20_000) })).code).toBe(2001)
    expect((await ask('A', 'steal', {})).code).toBe(2000)
    const info = await until(
      'the state of now',
      async () => {
        const reply = await ask('B', 'info', { name: 'shop.example' })
        return reply.code === 1000 && reply.data
      },
      () => log,
    )
    expect(info).toMatchObject({
      registrant: toHex(owner.publicKey),
      ns: ['ns1.shop.example.=192.0.2.1'],
      status: ['ok'],
    })
    expect((await ask('B', 'info', { name: 'nobody.example' })).code).toBe(2303)
  })

  it('see a reveal and make the blocks, and have nothing by a registration of their own before it', async () => {
    const chains = JSON.parse(await said(0, 'ledger', 'status', '--json', '--node', STATUS)).chains
    const chainId = fromHex(chains.find(({ name }: { name: string }) => name === 'example').chainId)
    const of = (signer: typeof owner) => {
      const registration = {
        chainId,
        label: new TextEncoder().encode('book'),
        owner: signer.publicKey,
        salt: sha256(signer.publicKey),
      }
      const create = {
        name: 'book.example',
        registrant: toHex(signer.publicKey),
        salt: toHex(registration.salt),
        ds: [`12345 15 2 ${'AB'.repeat(32)}`],
        ns: ['ns1.book.example=192.0.2.1'],
      }
      return { commit: { tld: 'example', commit: toHex(commitHash(registration)) }, create }
    }
    /** Handed in, as soon as its commit may be followed. */
    const revealed = (signer: typeof owner, who: string) =>
      until(
        `the reveal of ${who}`,
        async () => {
          const { create } = of(signer)
          const { code, data } = await ask(who, 'create', create)
          if (code !== 1001) return false
          const signature = toHex(signer.sign(fromHex(data.sign)))
          return (await ask(who, 'create', { ...create, signature })).code === 1000
        },
        () => log,
      )
    const registrant = () => ask('B', 'info', { name: 'book.example' }).then(({ data }) => data?.registrant)
    expect((await ask('B', 'create', of(owner).commit)).code).toBe(1001)
    // A's node is the only validator: it makes each block, and the owner's reveal waits for as long as A likes.
    expect((await ask('A', 'create', of(heir).commit)).code).toBe(1001)
    await revealed(heir, 'A')
    await until('the name to be of who came before it', async () => (await registrant()) === toHex(heir.publicKey))
    await revealed(owner, 'B')
    await until('the name to be of who committed first', async () => (await registrant()) === toHex(owner.publicKey))
  })

  it('cannot hold a name hostage: what A refuses, and whatever it tries, B hands the name over for its owner', async () => {
    // A turns its customer away, and says itself that the name is its own.
    const token = readFileSync(at('A.clients'), 'utf8')
    writeFileSync(at('A.clients'), token.replace('shop:', '#shop:'))
    const move = { name: 'shop.example', op: 'request', to: toHex(heir.publicKey) }
    expect((await ask('A', 'transfer', move)).code).toBe(2200)
    const stolen = JSON.parse(readFileSync(at('A.json'), 'utf8'))
    expect((await signedBy(heir, 'B', 'transfer', { ...move, to: stolen.account })).code).toBe(2202)
    const own = ['--owner', join(at('A'), 'account.key'), '--to', stolen.account, '--node', STATUS, ...dataOf('A')]
    await expect(said(0, 'domain', 'transfer', 'shop.example', ...own)).rejects.toThrow(/is [0-9a-f]{64}'s/)
    const begun = await until(
      'a block of now',
      async () => {
        const reply = await signedBy(owner, 'B', 'transfer', move)
        expect(reply).toMatchObject({ code: 1001, data: { cost: 0, effective: expect.stringContaining('T') } })
        return reply.data
      },
      () => log,
    )
    expect(begun.undo).toContain('cancel')
    const held = await until(
      'its effect',
      async () => {
        const reply = await ask('B', 'info', { name: 'shop.example' })
        return reply.data.registrant === toHex(heir.publicKey) && reply.data
      },
      () => log,
    )
    expect(held).toMatchObject({ generation: 2 })
    // Anybody pays for a name; nobody signs for it.
    const before = held.life.expires
    expect(await ask('B', 'renew', { name: 'shop.example', period: 2 })).toMatchObject({
      code: 1000,
      data: { cost: 20 },
    })
    await until(
      'the renewal',
      async () => (await ask('B', 'info', { name: 'shop.example' })).data.life.expires > before,
    )
    expect((await ask('B', 'renew', { name: 'shop.example', period: 1, most: 9 })).code).toBe(2104)
  })
})

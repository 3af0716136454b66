/** `chordns ledger registrar`: a front for customers, with the terms of EPP. It signs and pays what it carries; owners sign what concerns their names. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { ChordnsError, type Endpoint, isChordnsError, toHex } from '../../../base/index.ts'
import { createLog, isLoopbackHost, outcomeView, provenView, submittedView } from '../../../observe/index.ts'
import type { CarriedTransaction, RegistrarNode } from '../../../peer/ledgers.ts'
import { collect, examples, jsonOption, usage, wholeNumber } from '../../common/command.ts'
import { loadConfigFrom } from '../../common/config-option.ts'
import { chainsOf, nextNonce } from '../../common/ledger-client.ts'
import { type NodeFlags, nodeOf, nodeOption, parseEndpoint } from '../../common/node-option.ts'
import { askNode, tellNode } from '../../common/status-client.ts'
import { print, printJson } from '../../common/table.ts'
import { limits } from '../../limits.ts'

interface RegistrarFlags extends NodeFlags {
  readonly listen: string
  readonly clients: string
  readonly addClient?: string
  readonly account?: string
  readonly host: readonly string[]
  readonly most: string
  readonly cleartext?: boolean
  readonly json?: boolean
}

const ABOUT = `Customers POST JSON to /v1/domain/check, info, create, renew, restore, transfer, update and delete, with "Authorization: Bearer TOKEN". Replies have the result
codes of EPP (RFC 5730): 1000 done, 1001 pending, 2303 no such name, and so on. What changes a name comes back with "sign": bytes that its owner signs with his own
key, here or nowhere; the same command with "signature" is then carried. This machine never has an owner's key. Customers are lines NAME:HASH in --clients,
which is looked at again when it changes.`

const LIFE_MS = 600_000
const WAIT_MS = 60_000
const OVERTAKEN_MS = 1_000
/** The mark of a transaction that another one of its account has overtaken: `ResultCode.NONCE` of `chain`. */
const NONCE = 3

export function addRegistrarCommand(ledger: Command): void {
  const command = jsonOption(nodeOption(ledger.command('registrar')))
  examples(
    command,
    [
      'chordns ledger registrar --clients clients.txt --add-client shop        (prints its token, once)',
      'chordns ledger registrar --clients clients.txt --listen 127.0.0.1:8700 --account registrar.key',
      `curl -H "Authorization: Bearer $TOKEN" -d '{"names":["shop.example"]}' http://127.0.0.1:8700/v1/domain/check`,
    ],
    ABOUT,
  )
    .description('carry transactions for customers, over HTTP and JSON with the terms of EPP')
    .requiredOption('--clients <file>', 'who may use it: a line NAME:SHA-256 of the token for each')
    .option('--add-client <name>', 'make a token for a customer, print it, and stop')
    .option('--listen <address:port>', 'where it listens', '127.0.0.1:8700')
    .option('--account <file>', 'the account that signs and pays (default: ledger.accountFile)')
    .option('--host <name>', 'a name, with its port if it has one, under which it is asked (repeatable)', collect, [])
    .option('--most <units>', 'what one command may cost at most', '10000')
    .option(
      '--cleartext',
      'listen on other than loopback addresses: tokens travel in the clear, unless TLS ends in front of it',
    )
    .action(serve)
}

async function serve(flags: RegistrarFlags): Promise<void> {
  const peer = await import('../../../peer/ledgers.ts')
  if (flags.addClient !== undefined) {
    const token = await peer.addRegistrarClient(flags.clients, flags.addClient)
    return flags.json ? printJson({ client: flags.addClient, token }) : print(token)
  }
  const listen = parseEndpoint('--listen', flags.listen)
  const host = listen.address.includes(':') ? `[${listen.address}]` : listen.address
  if (!isLoopbackHost(host) && flags.cleartext !== true)
    throw usage('--listen takes a loopback address, with a web server for TLS in front of it; or say --cleartext')
  const { config } = loadConfigFrom(flags)
  const accountFile = flags.account ?? config.ledger.accountFile
  const signer = await peer.loadAccount({ ledger: { ...config.ledger, accountFile } })
  const log = await createLog({ level: config.log.level, logQueries: false })
  const front = await peer.startRegistrar(listen, {
    node: new NodeOfRegistrar(nodeOf(flags), signer, { make: peer.makeTransaction, genesis: config.ledger.genesis }),
    clientsFile: flags.clients,
    hosts: flags.host.map((name) => name.toLowerCase()),
    mostUnits: wholeNumber('--most', flags.most, 0, Number.MAX_SAFE_INTEGER),
    log,
  })
  const { address, port } = front.address
  const at = `${address.includes(':') ? `[${address}]` : address}:${port}`
  const signalled = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
  if (flags.json) printJson({ ready: true, listen: at, account: toHex(signer.publicKey) })
  else print(`ready listen=${at} account=${toHex(signer.publicKey)}`)
  await signalled
  await front.close()
}

type Account = Parameters<Awaited<typeof import('../../../peer/ledgers.ts')>['makeTransaction']>[0]
type Make = Awaited<typeof import('../../../peer/ledgers.ts')>['makeTransaction']

/** Customers' transactions of one account, whose numbers go up by one: one is numbered and handed in at a time, and all wait for their blocks together. */
class NodeOfRegistrar implements RegistrarNode {
  readonly #node: Endpoint
  readonly #account: Account
  readonly #make: Make
  /** Beside it stand the files of kept names. */
  readonly #genesis: string | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(
    node: Endpoint,
    account: Account,
    { make, genesis }: { readonly make: Make; readonly genesis: string | undefined },
  ) {
    this.#node = node
    this.#account = account
    this.#make = make
    this.#genesis = genesis
  }

  chains() {
    return chainsOf(this.#node)
  }

  async prove(chain: string, keys: readonly string[]) {
    const query = new URLSearchParams([['chain', chain], ...keys.map((key) => ['key', key] as [string, string])])
    const { values } = await askNode(this.#node, '/ledgers/prove', query, provenView)
    return values.map(({ value }) => value)
  }

  async keptPage(...[chain, root, label]: Parameters<RegistrarNode['keptPage']>) {
    const { keptNamesFile, shownFrom } = await import('../../../peer/ledgers.ts')
    if (this.#genesis === undefined)
      throw new ChordnsError(
        'KEPT_NAMES',
        `${chain} keeps names by pages: set ledger.genesis, with their file beside it`,
        {},
      )
    return shownFrom(keptNamesFile(this.#genesis, chain), root, label)
  }

  async carry(chain: string, payload: Uint8Array): Promise<CarriedTransaction | undefined> {
    for (let tries = 1; ; tries++) {
      const id = await this.#inTurn(() => this.#handIn(chain, payload))
      if (id !== undefined) {
        const query = { chain, transaction: id, waitMs: String(WAIT_MS) }
        const outcome = await askNode(this.#node, '/ledgers/outcome', query, outcomeView, WAIT_MS + 10_000)
        if (outcome === null) return undefined
        if (outcome.code !== NONCE || tries === limits.MAX_REGISTRAR_TRIES) return { transaction: id, ...outcome }
      } else if (tries === limits.MAX_REGISTRAR_TRIES)
        throw new ChordnsError(
          'LEDGER_OVERTAKEN',
          "others use this registrar's account at the same time: try again",
          {},
        )
      await sleep(OVERTAKEN_MS)
    }
  }

  /** Undefined: another transaction had its number. */
  async #handIn(chain: string, payload: Uint8Array): Promise<string | undefined> {
    const node = this.#node
    const { chainId } = (await chainsOf(node)).find(({ name }) => name === chain) ?? { chainId: '' }
    const nonce = await nextNonce({ node, chain, account: toHex(this.#account.publicKey) })
    const terms = { chainId, fee: 0, expires: Date.now() + LIFE_MS, nonce }
    const { bytes, id } = this.#make(this.#account, terms, payload)
    try {
      await tellNode(node, '/ledgers/submit', { chain }, submittedView, bytes)
      return id
    } catch (error) {
      if (isChordnsError(error, 'LEDGER_OVERTAKEN')) return undefined
      throw error
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work, work)
    this.#turn = done.catch(() => undefined)
    return done
  }
}

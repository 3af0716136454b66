/** What the status API says and does about ledgers. */
import { ChordnsError, equalBytes, fromHex, isChordnsError, toHex } from '../../base/index.ts'
import { ResultCode, transactionId, unprovenText } from '../../chain/index.ts'
import type { Config } from '../../config/index.ts'
import { sha256 } from '../../crypto/index.ts'
import {
  ACCOUNTS,
  accountFrom,
  endorsersOf,
  everybodyOf,
  type LedgerGenesis,
  moduleKey,
  readProven,
  type StateReader,
} from '../../ledger/index.ts'
import {
  type AccountView,
  type CheckpointView,
  type LedgerStatusView,
  looksUp,
  type MembersView,
  type OutcomeView,
  type ProofFileView,
  type ProvenView,
  reads,
  type StatusRoute,
  type SubmittedView,
  takes,
} from '../../observe/index.ts'
import { limits } from '../limits.ts'
import { governed } from './governing.ts'
import { linksOf, linkVote } from './links.ts'
import type { LedgerSide } from './side.ts'
import { statePiece } from './state-pieces.ts'
import { tlds } from './tlds.ts'
import { wordOf } from './transactions.ts'

export function ledgerRoutes(
  side: LedgerSide,
  precedence: () => Config['ledger']['precedence'],
): Readonly<Record<string, StatusRoute>> {
  return {
    '/ledgers': looksUp((_, signal) => statusOf(side, signal)),
    '/ledgers/account': looksUp((query, signal) => account(side, query, signal)),
    '/ledgers/link': looksUp((query, signal) => linkVote(side, chainOf(side, query), query.get('of'), signal)),
    '/ledgers/members': looksUp((query, signal) => members(side, query, signal)),
    '/ledgers/tlds': looksUp((query, signal) => tlds(side, precedence(), query, signal)),
    '/ledgers/governance': looksUp((query, signal) => governed(side, chainOf(side, query), query, signal)),
    '/ledgers/prove': looksUp((query, signal) => prove(side, query, signal)),
    '/ledgers/export': looksUp((query, signal) => exportProof(side, query, signal)),
    '/ledgers/checkpoint': reads((query) => checkpoint(side, query)),
    '/ledgers/piece': looksUp((query) => statePiece(side, query)),
    '/ledgers/submit': takes(limits.MAX_TRANSACTION_BODY_BYTES, (query, _, body) => submit(side, query, body)),
    '/ledgers/outcome': looksUp((query) => outcome(side, query)),
  }
}

async function statusOf(side: LedgerSide, signal: AbortSignal): Promise<LedgerStatusView> {
  const { ledgers, follower } = side
  const links = await Promise.all(ledgers.chains.map((chain) => linksOf(side, chain, signal)))
  return {
    chains: ledgers.chains.map(({ chainId, genesis: { name } }, index) => {
      const running = ledgers.runningOf(chainId)
      const head = follower.head(chainId)
      const status = running?.status()
      return {
        name,
        chainId: toHex(chainId),
        role: running === undefined ? 'light' : running.isValidator ? 'validator' : 'full',
        head: {
          height: head?.height ?? 0,
          time: head?.height === 0 ? 0 : (head?.time ?? 0),
          state: head?.state ?? 'stale',
          blockId: head?.certified === undefined ? null : toHex(head.certified.certificate.blockId),
          stateRoot: head?.certified === undefined ? null : toHex(head.certified.header.stateRoot),
          validators: head?.validators.length ?? 0,
        },
        links: links[index] ?? null,
        engine:
          status === undefined
            ? null
            : {
                height: status.height,
                target: status.target,
                round: status.round,
                step: status.step,
                waiting: status.waiting,
                halted: status.halted ?? null,
                stats: { ...status.stats },
              },
      }
    }),
  }
}

async function account(side: LedgerSide, query: URLSearchParams, signal: AbortSignal): Promise<AccountView> {
  const chain = chainOf(side, query)
  const key = hexOf(query, 'account', 32)
  // Who asks wants to send the next one: of a state as new as can be had.
  await side.follower.look(chain.chainId)
  const { values, fresh } = await proven(side, chain, [moduleKey(ACCOUNTS, key)], signal)
  const { nonce, balance } = accountFrom(values[0])
  const next = side.ledgers.nextNonce(chain.chainId, key, nonce)
  return { chain: chain.genesis.name, account: toHex(key), nonce, next, balance, fresh }
}

async function members(side: LedgerSide, query: URLSearchParams, signal: AbortSignal): Promise<MembersView> {
  const chain = chainOf(side, query)
  const list = Number(query.get('list') ?? '0')
  if (!Number.isInteger(list) || list < 0 || list > limits.MAX_LIST) throw usage(`list must be 0 to ${limits.MAX_LIST}`)
  const read = (state: StateReader) => ({ all: everybodyOf(state, list), endorsers: endorsersOf(state, list) })
  const { value, header, fresh } = await readProven(side.follower, chain.chainId, read, { signal })
  return {
    chain: chain.genesis.name,
    list,
    height: header.height,
    fresh,
    members: value.all.map(({ account, name, contact, ringKey, endorsers, salt }) => ({
      account: toHex(account),
      name,
      contact,
      ringKey: toHex(ringKey),
      isEndorser: value.endorsers.some((one) => equalBytes(one.account, account)),
      endorsers: endorsers.map((one) => toHex(one)),
      nodeId: salt === undefined ? null : toHex(sha256(ringKey, salt)),
    })),
  }
}

async function prove(side: LedgerSide, query: URLSearchParams, signal: AbortSignal): Promise<ProvenView> {
  const chain = chainOf(side, query)
  const keys = keysOf(query)
  const { values, fresh, header, proof } = await proven(side, chain, keys, signal)
  return {
    chain: chain.genesis.name,
    height: header.height,
    time: header.time,
    fresh,
    values: keys.map((key, index) => {
      const value = values[index]
      return { key: toHex(key), value: value === undefined ? null : toHex(value) }
    }),
    proof: toHex(proof),
  }
}

async function exportProof(side: LedgerSide, query: URLSearchParams, signal: AbortSignal): Promise<ProofFileView> {
  const chain = chainOf(side, query)
  const bytes = await side.follower.proofFile(chain.chainId, keysOf(query), { signal })
  if (bytes === undefined) throw new ChordnsError('LEDGER_UNPROVEN', 'there is no proof now', { reason: 'no proof' })
  return { chain: chain.genesis.name, file: Buffer.from(bytes).toString('base64') }
}

/** Of a chain that this node runs; null: a quorum has cosigned none yet. */
function checkpoint(side: LedgerSide, query: URLSearchParams): CheckpointView {
  const { chainId, genesis } = chainOf(side, query)
  const running = side.ledgers.runningOf(chainId)
  if (running === undefined) throw usage(`this node does not run ${genesis.name}: ask one with a role`)
  const note = running.cosigning.checkpoint
  return { chain: genesis.name, note: note === undefined ? null : Buffer.from(note).toString('utf8') }
}

function keysOf(query: URLSearchParams): Uint8Array[] {
  const keys = query.getAll('key').map((text) => parseHex('key', text))
  if (keys.length === 0 || keys.length > 64) throw usage('1 to 64 keys')
  return keys
}

async function proven(
  { follower }: LedgerSide,
  chain: LedgerGenesis,
  keys: readonly Uint8Array[],
  signal: AbortSignal,
) {
  const answer = await follower.prove(chain.chainId, keys, { signal })
  if (answer.kind === 'proven') return answer
  const { reason } = answer
  const why = unprovenText(reason)
  throw new ChordnsError('LEDGER_UNPROVEN', `the ledger ${chain.genesis.name} proves nothing now: ${why}`, { reason })
}

async function submit(side: LedgerSide, query: URLSearchParams, body: string): Promise<SubmittedView> {
  const chain = chainOf(side, query)
  const transaction = parseHex('the body', body.trim())
  try {
    await side.ledgers.submit(chain.chainId, transaction)
  } catch (error) {
    if (!isChordnsError(error, 'LEDGER_VOID')) throw error
    const { code } = error.detail as { readonly code: number }
    if (code === ResultCode.NONCE)
      throw new ChordnsError('LEDGER_OVERTAKEN', `the transaction was not taken: ${wordOf(code)}`, {})
    throw new ChordnsError('LEDGER_VOID', `the transaction was not taken: ${wordOf(code)}`, { code })
  }
  return { chain: chain.genesis.name, transaction: toHex(transactionId(transaction)) }
}

async function outcome(side: LedgerSide, query: URLSearchParams): Promise<OutcomeView> {
  const chain = chainOf(side, query)
  const waitMs = Number(query.get('waitMs') ?? '0')
  if (!(waitMs >= 0 && waitMs <= limits.MAX_OUTCOME_WAIT_MS))
    throw usage(`waitMs must be 0 to ${limits.MAX_OUTCOME_WAIT_MS}`)
  const found = await side.ledgers.outcome(chain.chainId, hexOf(query, 'transaction', 32), waitMs)
  if (found === undefined) return null
  const { height, result } = found
  return { height, code: result.code, fee: result.fee, detail: Buffer.from(result.detail).toString('utf8') }
}

function chainOf({ ledgers }: LedgerSide, query: URLSearchParams): LedgerGenesis {
  const name = query.get('chain') ?? 'root'
  const found = ledgers.genesisOf(name)
  if (found !== undefined) return found
  const known = ledgers.chains.map(({ genesis }) => genesis.name).join(', ')
  throw usage(`there is no ledger ${name}; there are: ${known}`)
}

function hexOf(query: URLSearchParams, name: string, bytes: number): Uint8Array {
  const value = parseHex(name, query.get(name) ?? '')
  if (value.length !== bytes) throw usage(`${name} must be ${bytes} bytes in hex`)
  return value
}

function parseHex(what: string, text: string): Uint8Array {
  if (!/^([0-9a-fA-F]{2})+$/.test(text)) throw usage(`${what} must be hex`)
  return fromHex(text)
}

function usage(message: string) {
  return new ChordnsError('USAGE', message, {})
}

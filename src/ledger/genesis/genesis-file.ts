/** The genesis file that all nodes of a ledger have: JSON for people and programs (docs/protocol.md, *Genesis*). */
import { z } from 'zod'
import { equalBytes, fromHex, toHex } from '../../base/index.ts'
import { type Genesis, isValidatorSet, ledgerChainId } from '../../chain/index.ts'
import { limits } from '../limits.ts'
import { badGenesis } from '../refusal.ts'

const FORMAT = 'chordns/genesis/1'
const ED25519 = 1

const hex = (bytes?: number) =>
  z.string().regex(bytes === undefined ? /^([0-9a-f]{2})*$/ : new RegExp(`^[0-9a-f]{${bytes * 2}}$`), {
    error: bytes === undefined ? 'must be hex' : `must be ${bytes} bytes in hex`,
  })
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

const chain = z.strictObject({
  ring: z.string().min(1).max(255),
  name: z.string().min(1).max(63),
  time: z.iso.datetime(),
  validators: z
    .array(z.strictObject({ id: hex(32), scheme: z.literal(ED25519), key: hex(32) }))
    .min(1)
    .max(100),
  quorum: z.literal('two-thirds'),
  heartbeatMs: count,
  intervalMs: count,
  rules: count,
  application: hex(),
  chainId: hex(32),
})

const file = z.strictObject({ format: z.literal(FORMAT), chains: z.array(chain).min(1).max(limits.MAX_GENESIS_CHAINS) })

export interface LedgerGenesis {
  readonly genesis: Genesis
  readonly chainId: Uint8Array
}

export function genesisText(all: readonly Genesis[]): string {
  const chains = all.map((one) => ({
    ring: one.ringId,
    name: one.name,
    time: new Date(one.time).toISOString(),
    validators: one.validators.map(({ id, publicKey }) => ({ id: toHex(id), scheme: ED25519, key: toHex(publicKey) })),
    quorum: 'two-thirds',
    heartbeatMs: one.heartbeatMs,
    intervalMs: one.intervalMs,
    rules: one.rules,
    application: toHex(one.application),
    chainId: toHex(ledgerChainId(one)),
  }))
  return `${JSON.stringify({ format: FORMAT, chains }, undefined, 2)}\n`
}

/** Throws LEDGER_GENESIS, with the place: also when a chain's id is not that of the rest. */
export function parseGenesisText(text: string): LedgerGenesis[] {
  const parsed = file.safeParse(jsonOf(text))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw badGenesis(`${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'malformed'}`)
  }
  const chains = parsed.data.chains.map((one, index) => {
    const genesis: Genesis = {
      ringId: one.ring,
      name: one.name,
      time: Date.parse(one.time),
      validators: one.validators.map(({ id, key }) => ({ id: fromHex(id), publicKey: fromHex(key) })),
      heartbeatMs: one.heartbeatMs,
      intervalMs: one.intervalMs,
      rules: one.rules,
      application: fromHex(one.application),
    }
    if (!isValidatorSet(genesis.validators)) throw badGenesis(`chains.${index}.validators: no sorted set`)
    const chainId = ledgerChainId(genesis)
    if (!equalBytes(chainId, fromHex(one.chainId)))
      throw badGenesis(`chains.${index}.chainId: the rest of the chain's genesis has the id ${toHex(chainId)}`)
    return { genesis, chainId }
  })
  if (new Set(chains.map(({ genesis }) => genesis.name)).size !== chains.length)
    throw badGenesis('a chain that stands there twice')
  return chains
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw badGenesis('the file is not JSON')
  }
}

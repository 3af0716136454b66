/** The carrier of one node, over its ledgers, its resolver and the account of its organisation. */
import { type Clock, isChordnsError, type Log, type Random } from '../../base/index.ts'
import type { Config } from '../../config/index.ts'
import type { Signer } from '../../crypto/index.ts'
import { canonicalName } from '../../dns/index.ts'
import { decodeRecord, labelUnder, nameStateKey } from '../../ledger/index.ts'
import { type CdsSetsDeps, signedCdsSets } from '../ledger/cds-sets.ts'
import type { LedgerSide } from '../ledger/side.ts'
import { loadAccount } from '../ledger/transactions.ts'
import { CdsCarrier } from './carrier.ts'
import { sendPayload } from './sending.ts'

export interface CarryingDeps extends Omit<CdsSetsDeps, 'clock'> {
  readonly config: Pick<Config, 'ledger'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly side: LedgerSide
}

/** Undefined: nothing is to be carried, or there is no account that could pay. Throws KEY_*. */
export async function startCarrying(deps: CarryingDeps): Promise<CdsCarrier | undefined> {
  const { config, clock, random, log, side } = deps
  const { names, notified, everyMs } = config.ledger.carry
  if (names.length === 0 && !notified) return undefined
  const account = await accountOf(config, log)
  if (account === undefined) return undefined
  const { ledgers, follower } = side
  const carrier = new CdsCarrier(
    { clock, random, log },
    {
      placeOf(zone) {
        for (const { genesis, chainId } of ledgers.chains) {
          const label = genesis.name === 'root' ? undefined : labelUnder(genesis.name, zone)
          if (label !== undefined) return { zone, chain: genesis.name, chainId, label }
        }
        return undefined
      },
      async recordOf({ chainId, label }, signal) {
        await follower.look(chainId)
        const proven = await follower.prove(chainId, [nameStateKey(label)], { signal })
        const value = proven.kind === 'proven' && proven.fresh ? proven.values[0] : undefined
        return value && decodeRecord(value)
      },
      setsOf: (zone, signal) => signedCdsSets(deps, zone, signal),
      send: (chainId, payload, signal) => sendPayload({ account, follower, ledgers, clock }, chainId, payload, signal),
    },
    { names: names.map((name) => canonicalName(name)), notified, everyMs },
  )
  carrier.start()
  return carrier
}

async function accountOf(config: Pick<Config, 'ledger'>, log: Log): Promise<Signer | undefined> {
  try {
    return await loadAccount(config)
  } catch (error) {
    if (!isChordnsError(error, 'KEY_MISSING')) throw error
    log.warn({ file: config.ledger.accountFile }, 'no account key here: no CDS set is carried (ledger.carry)')
    return undefined
  }
}

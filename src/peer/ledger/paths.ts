/** The ledgers' paths of the status API on a node without a ledger, which does not load what answers them elsewhere: each says that there is none. */
import { ChordnsError } from '../../base/index.ts'
import { looksUp, reads, type StatusRoute, takes } from '../../observe/index.ts'
import { limits } from '../limits.ts'

/** As in routes.ts and domain-routes.ts: a test holds them against each other. */
const LOOKED_UP = [
  '',
  '/account',
  '/certifiers',
  '/cds',
  '/claim-proof',
  '/export',
  '/governance',
  '/head',
  '/identities',
  '/identity',
  '/link',
  '/members',
  '/outcome',
  '/piece',
  '/proof-file',
  '/prove',
  '/tlds',
]

export function ledgersOff(): Readonly<Record<string, StatusRoute>> {
  const off = (): never => {
    throw ledgerOff()
  }
  return {
    ...Object.fromEntries(LOOKED_UP.map((path) => [`/ledgers${path}`, looksUp(off)])),
    '/ledgers/checkpoint': reads(off),
    '/ledgers/submit': takes(limits.MAX_TRANSACTION_BODY_BYTES, off),
  }
}

function ledgerOff() {
  return new ChordnsError('LEDGER_OFF', 'this node knows of no ledger: set ledger.genesis to the genesis file', {})
}

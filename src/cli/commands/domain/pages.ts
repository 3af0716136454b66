/** The page that a registration shows where names are kept by pages: out of the file beside the genesis, or another one. */
import { ChordnsError } from '../../../base/index.ts'
import { provenView } from '../../../observe/index.ts'
import type { ShownPage } from '../../../peer/ledgers.ts'
import { usage } from '../../common/command.ts'
import { loadConfigFrom } from '../../common/config-option.ts'
import type { NodeFlags } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'
import type { Session } from './carrying.ts'

export interface PageFlags extends NodeFlags {
  readonly kept?: string
}

/** Undefined: the chain asks for none. Throws DOMAIN_REFUSED for a name that is kept, KEPT_NAMES, USAGE. */
export async function pageFor(name: string, session: Session, flags: PageFlags): Promise<ShownPage | undefined> {
  const { node, place, value } = session
  if (value !== null) return undefined
  const peer = await import('../../../peer/ledgers.ts')
  const keys = [peer.keptRootKey, place.keptKey].map((key) => ['key', key] as [string, string])
  const query = new URLSearchParams([['chain', place.chain], ...keys])
  const [rootValue = null, rule = null] = (await askNode(node, '/ledgers/prove', query, provenView)).values.map(
    (one) => one.value,
  )
  const root = peer.domainKeptRoot(rootValue)
  // What a vote says of this one name comes before the pages.
  if (root === undefined || rule !== null) return undefined
  const { shown, isKept } = await peer.shownFrom(await fileFor(place.chain, flags), root, place.label)
  if (isKept)
    throw new ChordnsError(
      'DOMAIN_REFUSED',
      `${name} is kept for who has it in the DNS: if that is you, claim it with \`chordns domain claim\``,
      {},
    )
  return shown
}

async function fileFor(chain: string, flags: PageFlags): Promise<string> {
  if (flags.kept !== undefined) return flags.kept
  const { genesis } = loadConfigFrom(flags).config.ledger
  if (genesis === undefined)
    throw usage(`names of ${chain} are kept by pages: name their file with --kept, or set ledger.genesis`)
  const { keptNamesFile } = await import('../../../peer/ledgers.ts')
  return keptNamesFile(genesis, chain)
}

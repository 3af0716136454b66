/** Founding a ledger from the command line: the keys of an organisation, and the genesis file out of several organisations. */
import { constants, existsSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ChordnsError, equalBytes } from '../../base/index.ts'
import type { Config } from '../../config/index.ts'
import { ed25519Signer } from '../../crypto/index.ts'
import { dsOf, parseTrustAnchors } from '../../dnssec/index.ts'
import { loadOrCreateSeed, readTextFile, replaceTextFile } from '../../io/index.ts'
import {
  defaultPolicy,
  type Founder,
  type FoundingOptions,
  foundChains,
  founderText,
  genesisText,
  type KeptRoot,
  ledgerModules,
  type NamePolicy,
  parseFounderText,
  parseGenesisText,
} from '../../ledger/index.ts'
import { keptFileBeside, keptNamesFile, keptRootIn } from './kept-names.ts'
import { parseNamePolicy } from './name-policy.ts'

/** What an organisation tells whoever founds the ledger; its keys are made where there are none yet. Throws KEY_*. */
export async function makeFounder(
  { data, ledger }: Pick<Config, 'data' | 'ledger'>,
  { name, isValidator }: { readonly name: string; readonly isValidator: boolean },
): Promise<{ readonly founder: Omit<Founder, 'isEndorser'>; readonly text: string }> {
  await mkdir(data, { recursive: true, mode: 0o700 })
  const publicKey = async (file: string, kind: Parameters<typeof loadOrCreateSeed>[1]) =>
    ed25519Signer(await loadOrCreateSeed(file, kind)).publicKey
  const founder = {
    name,
    account: await publicKey(ledger.accountFile, 'account key'),
    memberKey: await publicKey(join(data, 'identity.key'), 'node identity'),
    votingKey: isValidator ? await publicKey(ledger.votingKeyFile, 'voting key') : undefined,
  }
  return { founder, text: founderText(founder) }
}

export interface GenesisRequest {
  readonly ringId: string
  /** Unix ms. */
  readonly time: number
  readonly chainNames: readonly string[]
  /** Files of `chordns ledger keygen`. */
  readonly endorsers: readonly string[]
  readonly others: readonly string[]
  /** Who leads reviews: coordinator on the Root chain, regulator on TLD chains. */
  readonly leaders?: readonly string[]
  readonly heartbeatMs?: number
  readonly intervalMs?: number
  readonly epochBlocks?: number
  /** File with the policy of names, or null: names are had for ever and for nothing. Left out: as null. */
  readonly names?: { readonly file: string | undefined } | null
  /** What each founder's account begins with, in units. */
  readonly balance?: number
  /** How domains of the DNS are claimed, where it is not as most would have it; null: not at all. */
  readonly claims?: FoundingOptions['claims'] | undefined
}

export interface MadeGenesis {
  readonly text: string
  /** TLDs whose names are kept by pages; undefined: none are. */
  readonly pages: KeptRoot | undefined
  readonly chains: readonly { readonly name: string; readonly chainId: Uint8Array; readonly validators: number }[]
}

/** Throws LEDGER_GENESIS, FILE_UNREADABLE. */
export function makeGenesis({ endorsers, others, leaders = [], names: asked, ...rest }: GenesisRequest): MadeGenesis {
  const read =
    (isEndorser: boolean, leads = false) =>
    (file: string) => {
      const text = readTextFile(file)
      if (text === undefined) throw new ChordnsError('FILE_UNREADABLE', `there is no file ${file}`, { file })
      return { ...parseFounderText(file, text), isEndorser, leads }
    }
  const founders = [...endorsers.map(read(true)), ...others.map(read(false)), ...leaders.map(read(false, true))]
  const names = asked == null ? undefined : policyFrom(asked.file, founders)
  const text = genesisText(foundChains({ ...rest, founders, modules: ledgerModules, names }))
  const chains = parseGenesisText(text).map(({ genesis, chainId }) => ({
    name: genesis.name,
    chainId,
    validators: genesis.validators.length,
  }))
  return { text, chains, pages: names?.pages }
}

/** No file: what most TLDs would say; the first founder is paid. */
function policyFrom(file: string | undefined, [first]: readonly Founder[]): NamePolicy {
  const payee = first?.account ?? new Uint8Array(32)
  if (file === undefined) return { ...defaultPolicy, payee }
  const text = readTextFile(file)
  if (text === undefined) throw new ChordnsError('FILE_UNREADABLE', `there is no file ${file}`, { file })
  return parseNamePolicy(file, text, payee)
}

/** DS records of the root, for proofs of claimed domains: from DS or DNSKEY lines. Throws FILE_UNREADABLE, DNSSEC_BAD_ANCHOR, USAGE. */
export function rootAnchorsFrom(file: string): readonly Uint8Array[] {
  const text = readTextFile(file)
  if (text === undefined) throw new ChordnsError('FILE_UNREADABLE', `there is no file ${file}`, { file })
  const root = parseTrustAnchors(text).find(({ zone }) => zone.labels === 0)
  const ds = root && [...root.ds, ...root.keys.flatMap((rdata) => dsOf(root.zone, rdata, 2) ?? [])]
  if (ds === undefined || ds.length === 0) throw new ChordnsError('USAGE', `${file} has no key of the root`, {})
  return ds
}

/**
 * Puts the file of kept names beside the genesis, once for each TLD. `names`: the file of the policy, which it stands beside. What is there already is left if it has
 * the same names. Rejects with KEPT_NAMES, FILE_EXISTS, FILE_UNWRITABLE.
 */
export async function placeKeptNames(
  { pages, chains }: Pick<MadeGenesis, 'pages' | 'chains'>,
  names: string | undefined,
  genesis: string,
): Promise<readonly string[]> {
  const tlds = chains.filter(({ name }) => name !== 'root').map(({ name }) => keptNamesFile(genesis, name))
  if (pages === undefined || names === undefined) return []
  const source = keptFileBeside(names)
  for (const file of [source, ...tlds]) {
    const isThere = file === source || existsSync(file)
    if (isThere && !equalBytes((await keptRootIn(file)).root, pages.root))
      throw new ChordnsError('KEPT_NAMES', `${file} has other names than ${names} says`, { file })
    if (!isThere) await copyFile(source, file, constants.COPYFILE_EXCL)
  }
  return tlds
}

/** Never over another file: all nodes of a ledger have the same genesis. Throws FILE_EXISTS, FILE_UNWRITABLE. */
export async function writeNewFile(file: string, text: string): Promise<void> {
  if (readTextFile(file) !== undefined)
    throw new ChordnsError('FILE_EXISTS', `${file} exists already and is not overwritten`, { file })
  await replaceTextFile(file, text)
}

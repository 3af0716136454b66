/** `chordns ledger keygen` and `init`: each organisation makes its keys, one of them makes the genesis of all. */
import type { Command } from 'commander'
import { toHex } from '../../../base/index.ts'
import { collect, dryRunOption, examples, jsonOption, usage, wholeNumber } from '../../common/command.ts'
import { type ConfigFlags, configOptions, loadConfigFrom } from '../../common/config-option.ts'
import { print, printJson, table } from '../../common/table.ts'

export function addFoundingCommands(ledger: Command): void {
  addKeygenCommand(ledger)
  addInitCommand(ledger)
}

function addKeygenCommand(ledger: Command): void {
  const keygen = jsonOption(configOptions(ledger.command('keygen')))
  examples(
    keygen,
    [
      'chordns ledger keygen --name "Registry of example" --out registry.json',
      'chordns ledger keygen --name "A library" --no-validator',
    ],
    `Writes account.key, voting.key and identity.key into the data directory (mode 0600) where they are not there yet, and
never over what is there. What it prints has no secret in it.`,
  )
    .description(
      'make the keys of an organisation, and print what it hands to whoever founds the ledger or endorses it',
    )
    .requiredOption('--name <text>', 'what the organisation is called (at most 64 characters)')
    .option('--no-validator', 'without a voting key: it signs no blocks')
    .option('--out <file>', 'write the public part there instead of printing it')
    .action(async (flags: KeygenFlags) => {
      if (flags.name.length === 0 || flags.name.length > 64) throw usage('--name must have 1 to 64 characters')
      const peer = await import('../../../peer/ledgers.ts')
      const { config } = loadConfigFrom(flags)
      const { founder, text } = await peer.makeFounder(config, { name: flags.name, isValidator: flags.validator })
      if (flags.out !== undefined) await peer.writeNewFile(flags.out, text)
      if (flags.json) printJson({ ...JSON.parse(text), file: flags.out ?? null })
      else if (flags.out === undefined) print(text.trimEnd())
      else print(`wrote ${flags.out}: account ${toHex(founder.account)}`)
    })
}

function addInitCommand(ledger: Command): void {
  const init = jsonOption(dryRunOption(ledger.command('init')))
  examples(
    init,
    [
      'chordns ledger init --ring home --out genesis.json --endorser a.json --founder b.json --founder c.json --founder d.json',
      'chordns ledger init --ring home --out genesis.json --chain root --chain example --endorser a.json --dry-run',
    ],
    'Organisations with a voting key are the first validators: four of them go on while one is away or lies.',
  )
    .description('make the genesis file of a Root chain and TLD chains out of the organisations that found them')
    .requiredOption('--ring <id>', 'the ring whose ledgers they are (ring.id)')
    .requiredOption('--out <file>', 'where to write it; every node gets the same file')
    .option('--chain <name>', 'root, or a TLD in lower case (repeatable; default: root)', collect, [])
    .option('--endorser <file>', 'an organisation that may endorse others (repeatable, at least one)', collect, [])
    .option('--founder <file>', 'an organisation that is admitted from the start (repeatable)', collect, [])
    .option('--leader <file>', 'an organisation that leads reviews, without vote or seat (repeatable)', collect, [])
    .option('--heartbeat <seconds>', 'a block is made this often when nothing happens', '60')
    .option('--interval <seconds>', 'least time between two blocks', '1')
    .option('--epoch <blocks>', 'blocks after which validators are chosen anew and places in the ring are drawn', '100')
    .option(
      '--names <file>',
      'JSON with terms, prices and delays of names; "none": names are had for ever, for nothing',
    )
    .option('--claims <window>', 'how long validators may look for a claimed domain, as 1h; "none": no claims', '1h')
    .option('--root-anchors <file>', 'DS or DNSKEY lines of the root, for claims by DNSSEC (default: of IANA)')
    .option('--balance <units>', "what each founder's account begins with, to pay for names", '1000000')
    .action(async (flags: InitFlags) => {
      const peer = await import('../../../peer/ledgers.ts')
      const made = peer.makeGenesis({
        ringId: flags.ring,
        time: Math.floor(Date.now() / 1_000) * 1_000,
        chainNames: flags.chain.length === 0 ? ['root'] : flags.chain.map(chainName),
        endorsers: flags.endorser,
        others: flags.founder,
        leaders: flags.leader,
        heartbeatMs: milliseconds('--heartbeat', flags.heartbeat),
        intervalMs: milliseconds('--interval', flags.interval),
        epochBlocks: blocks('--epoch', flags.epoch),
        names: flags.names === 'none' ? null : { file: flags.names },
        claims: await claimsFrom(flags),
        balance: wholeNumber('--balance', flags.balance, 0, 1e12),
      })
      // Who has the genesis alone has a TLD whose names nobody registers.
      const kept = flags.dryRun ? [] : await peer.placeKeptNames(made, flags.names, flags.out)
      if (!flags.dryRun) await peer.writeNewFile(flags.out, made.text)
      const chains = made.chains.map(({ name, chainId, validators }) => ({ name, chainId: toHex(chainId), validators }))
      if (flags.json) printJson({ file: flags.dryRun ? null : flags.out, chains, kept })
      else if (flags.dryRun) print(made.text.trimEnd())
      else
        print(
          `wrote ${flags.out}; set ledger.genesis to it on every node, and ledger.roles to ["validator"] on those with a voting key\n${table(
            [
              ['chain', 'validators', 'id'],
              ...chains.map(({ name, chainId, validators }) => [name, String(validators), chainId]),
            ],
          )}${kept.map((file) => `\nkept names: ${file}; put it beside the genesis file of every node that registers names`).join('')}`,
        )
    })
}

async function claimsFrom({ claims, rootAnchors }: InitFlags) {
  if (claims === 'none') return null
  const peer = await import('../../../peer/ledgers.ts')
  const anchors = rootAnchors === undefined ? {} : { anchors: peer.rootAnchorsFrom(rootAnchors) }
  return { windowMs: peer.durationMs('--claims', claims), ...anchors }
}

interface KeygenFlags extends ConfigFlags {
  readonly name: string
  readonly validator: boolean
  readonly out?: string
  readonly json?: boolean
}

interface InitFlags {
  readonly ring: string
  readonly out: string
  readonly chain: readonly string[]
  readonly endorser: readonly string[]
  readonly founder: readonly string[]
  readonly leader: readonly string[]
  readonly heartbeat: string
  readonly interval: string
  readonly epoch: string
  readonly names?: string
  readonly balance: string
  readonly claims: string
  readonly rootAnchors?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

function chainName(text: string): string {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text))
    throw usage(`--chain ${text}: must be root or a TLD in lower case, IDN as A-label (xn--...)`)
  return text
}

function milliseconds(flag: string, text: string): number {
  const seconds = Number(text)
  if (!Number.isFinite(seconds) || seconds < 0.1 || seconds > 86_400)
    throw usage(`${flag} must be seconds from 0.1 to 86400`)
  return Math.round(seconds * 1_000)
}

function blocks(flag: string, text: string): number {
  return wholeNumber(flag, text, 2, 10_000)
}

/** `chordns domain keygen`: the key that signs a zone, and the owner's. */
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { parseName } from '../../../dns/index.ts'
import { examples, jsonOption, usage } from '../../common/command.ts'
import { print, printJson } from '../../common/table.ts'

const ABOUT_FILES = `The zone key goes to whoever signs the zone: K<name>.+015+<tag>.private and .key for dnssec-signzone, ldns-signzone and
keymgr import-bind, .pem for keymgr import-pem; .ds is what the ledger keeps. All have mode 0600.
The owner's key moves and changes the domain. Keep it apart from any server, and a copy of it elsewhere.`
const ALGORITHMS = { ed25519: 15, p256: 13 } as const

export function addDomainKeygenCommand(domain: Command): void {
  examples(
    jsonOption(domain.command('keygen')),
    [
      'chordns domain keygen --owner owner.key',
      'chordns domain keygen shop.example --out keys',
      'dnssec-signzone -S -z -K keys -o shop.example zone.db',
    ],
    ABOUT_FILES,
  )
    .description('make the key that signs the zone of a domain, the key of its owner, or both')
    .argument('[name]', 'the domain; left out: only the key of an owner')
    .option('--algorithm <name>', 'of the zone key: ed25519, or p256 for validators of before 2017', 'ed25519')
    .option('--out <directory>', 'where the files of the zone key go', '.')
    .option('--owner <file>', 'make the key of an owner, in this file')
    .action(async (name: string | undefined, flags: KeygenFlags) => {
      if (name === undefined && flags.owner === undefined) throw usage('give a domain, or --owner FILE, or both')
      const algorithm = ALGORITHMS[flags.algorithm as keyof typeof ALGORITHMS]
      if (algorithm === undefined) throw usage(`--algorithm ${flags.algorithm}: must be ed25519 or p256`)
      if (flags.owner !== undefined && name !== undefined && dirname(join(flags.owner)) === join(flags.out, '.'))
        throw usage('keep the owner key out of the directory of the zone key: whoever signs the zone must not have it')
      const peer = await import('../../../peer/ledgers.ts')
      const owner = flags.owner === undefined ? undefined : await peer.makeOwnerKey(flags.owner)
      const request = { algorithm, directory: flags.out, time: Date.now() }
      const zone = name === undefined ? undefined : await peer.makeZoneKey({ zone: parseName(name), ...request })
      if (flags.json) {
        printJson({
          owner: owner === undefined ? null : { file: flags.owner, key: owner },
          zone: zone === undefined ? null : { files: zone.base, tag: zone.tag, ds: zone.dsText },
        })
        return
      }
      if (owner !== undefined) print(`wrote the owner key ${owner} to ${flags.owner} (mode 0600)`)
      if (zone !== undefined) print(`wrote ${zone.base}.{key,private,pem,ds} (mode 0600)\n${zone.dsText}`)
    })
}

interface KeygenFlags {
  readonly algorithm: string
  readonly out: string
  readonly owner?: string
  readonly json?: boolean
}

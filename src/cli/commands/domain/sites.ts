/** `chordns domain tlsa` and `verify-site`: the key of a site by the word of the name's owner, without a CA (D46). */
import { connect } from 'node:tls'
import type { Command } from 'commander'
import { ChordnsError, toHex } from '../../../base/index.ts'
import { parseName } from '../../../dns/index.ts'
import { proofFileView } from '../../../observe/index.ts'
import { examples, jsonOption, textIn, usage, wholeNumber } from '../../common/command.ts'
import { type ConfigFlags, configOptions } from '../../common/config-option.ts'
import { type NodeFlags, nodeOption, parseEndpoint } from '../../common/node-option.ts'
import { genesisFileOf } from '../../common/proof-file.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson } from '../../common/table.ts'
import { owned } from './acting.ts'

const DAY_MS = 86_400_000

interface TlsaFlags extends NodeFlags {
  readonly cert?: string
  readonly key?: string
  readonly port: string
  readonly owner?: string
  readonly out?: string
  readonly days: string
  readonly json?: boolean
}

interface VerifyFlags extends ConfigFlags {
  readonly name: string
  readonly cert?: string
  readonly connect?: string
  readonly genesis?: string
  readonly maxAge: string
  readonly json?: boolean
}

export function addSiteCommands(domain: Command): void {
  examples(
    jsonOption(nodeOption(domain.command('tlsa')))
      .option('--cert <file>', 'the certificate of the site, PEM')
      .option('--key <file>', 'or its key, PEM')
      .option('--port <number>', 'of the site', '443')
      .option('--owner <file>', "the owner's key: sign a file for clients that do not ask the DNS")
      .option('--out <file>', 'where that file goes; show it at /.well-known/chordns-site')
      .option('--days <number>', 'how long it counts', '30'),
    [
      'chordns domain tlsa shop.example --cert site.pem',
      'chordns domain tlsa shop.example --cert site.pem --owner owner.key --out chordns-site',
    ],
  )
    .description('the TLSA record of a site for its zone; with --owner a file by which anybody checks its key')
    .argument('<name>', 'the domain')
    .action(tlsa)
  examples(
    jsonOption(configOptions(domain.command('verify-site')))
      .requiredOption('--name <name>', 'the domain that a client wanted to reach')
      .option('--cert <file>', 'what the site shows, PEM')
      .option('--connect <address:port>', 'or look there, by TLS')
      .option('--genesis <file>', 'the genesis file (default: ledger.genesis of the configuration)')
      .option('--max-age <days>', 'how old the proof of the name may be', '7'),
    ['chordns domain verify-site chordns-site --name shop.example --connect 192.0.2.80:443 --genesis genesis.json'],
    'DV: the owner of the name vouches for the key. EV: certifiers of the ledger say, too, who the owner is.',
  )
    .description('check the key of a site by such a file, with the genesis file of the ledger alone and no node')
    .argument('<file>', 'the file that the site shows')
    .action(verify)
}

async function tlsa(name: string, flags: TlsaFlags): Promise<void> {
  const peer = await import('../../../peer/ledgers.ts')
  const pem = flags.cert ?? flags.key
  if (pem === undefined) throw usage('name the certificate with --cert, or the key with --key')
  const spki = peer.spkiHash(pem, await textIn(pem))
  const port = wholeNumber('--port', flags.port, 1, 65_535)
  const record = peer.tlsaText(parseName(name), port, spki)
  if (flags.owner === undefined) {
    if (flags.json) return printJson({ record, spki: toHex(spki), file: null })
    return print(record)
  }
  const { out } = flags
  if (out === undefined) throw usage('name the file with --out')
  const days = wholeNumber('--days', flags.days, 1, 398)
  const { session, owner, record: known } = await owned(name, { ...flags, owner: flags.owner })
  const { node } = session
  const proof = (await askNode(node, '/ledgers/proof-file', { name }, proofFileView)).file
  const identity = (await askNode(node, '/ledgers/identity', { key: toHex(owner.publicKey) }, proofFileView)).file
  const parts = { spki, until: Date.now() + days * DAY_MS, proof, identity }
  await peer.writeNewFile(out, peer.siteFileText(owner, session.place, known, parts))
  if (flags.json) printJson({ record, spki: toHex(spki), file: out })
  else print(`${record}\nwrote ${out}: show it at https://${name}/.well-known/chordns-site, and make it anew each week`)
}

async function verify(file: string, flags: VerifyFlags): Promise<void> {
  const peer = await import('../../../peer/ledgers.ts')
  const { cert, name } = flags
  const spki = cert === undefined ? await shown(flags) : peer.spkiHash(cert, await textIn(cert))
  const maxAgeMs = wholeNumber('--max-age', flags.maxAge, 1, 14) * DAY_MS
  const genesis = await textIn(genesisFileOf(flags))
  const verdict = await peer.verifySite(await textIn(file), genesis, { name, spki, now: Date.now(), maxAgeMs })
  if (flags.json) return printJson(verdict)
  const who = verdict.identities.map((one) => `${one.name}, says ${one.certifier}`).join('; ')
  print(
    `${verdict.level}: the owner of ${verdict.name}, ${verdict.owner}, vouches for the key${who === '' ? '' : ` (${who})`}`,
  )
}

const CONNECT_MS = 10_000

/** The key that a site shows. No CA is asked: it is compared with what the owner says. */
function shown({ connect: at, name }: VerifyFlags): Promise<Uint8Array> {
  if (at === undefined) throw usage('name what the site shows with --cert, or where it is with --connect')
  const { address: host, port } = parseEndpoint('--connect', at)
  return new Promise((resolve, reject) => {
    const servername = name.replace(/\.$/, '')
    const socket = connect({ host, port, servername, rejectUnauthorized: false, timeout: CONNECT_MS }, () => {
      const certificate = socket.getPeerX509Certificate()
      socket.destroy()
      void import('../../../peer/ledgers.ts').then(({ spkiHash }) => {
        if (certificate === undefined) reject(unreachable(at))
        else resolve(spkiHash(at, certificate.toString()))
      }, reject)
    })
    socket.once('timeout', () => socket.destroy(unreachable(at)))
    socket.once('error', (cause) => reject(cause instanceof ChordnsError ? cause : unreachable(at, cause)))
  })
}

function unreachable(at: string, cause?: unknown) {
  return new ChordnsError('SITE_REFUSED', `${at} shows no certificate`, { why: 'unreachable' }, { cause })
}

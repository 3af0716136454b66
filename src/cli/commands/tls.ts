/** `chordns tls show|profile`: what clients need to know of the encrypted ways to this node. Without a running node. */
import { createHash } from 'node:crypto'
import type { Command } from 'commander'
import { ChordnsError } from '../../base/index.ts'
import type { Config } from '../../config/index.ts'
import { type ConfigFlags, configOptions, loadConfigFrom } from '../common/config-option.ts'
import { print, printJson } from '../common/table.ts'

type Way = 'tls' | 'https'

const DOH_PATH = '/dns-query'
const DOT_PORT = '853'

export function addTlsCommands(program: Command): void {
  const tls = program.command('tls').description('what clients need to know of DNS over TLS and HTTPS')
  configOptions(tls.command('show'))
    .description('names, fingerprint and end of the certificate; makes one where the operator gave none')
    .option('--json', 'print JSON')
    .action((flags: ConfigFlags & { readonly json?: boolean }) => show(flags))
  configOptions(tls.command('profile'))
    .description('print a configuration profile for devices of Apple, and the name for Android on stderr')
    .option('--https', 'DNS over HTTPS; without it DNS over TLS, if it is listened to')
    .option('--address <ip...>', 'addresses of this node as devices see them; without it they look up tls.name')
    .addHelpText(
      'after',
      `
Examples:
  chordns tls profile --address 192.168.1.2 > dns.mobileconfig    open it on the device, and trust the certificate there
  chordns tls show                                                the pin for "kdig +tls-pin=..."`,
    )
    .action((flags: ProfileFlags) => profile(flags))
}

interface ProfileFlags extends ConfigFlags {
  readonly https?: boolean
  readonly address?: readonly string[]
}

async function show(flags: ConfigFlags & { readonly json?: boolean }): Promise<void> {
  const { config } = loadConfigFrom(flags)
  const summary = await summaryOf(config)
  if (flags.json) return printJson(summary)
  print(`certificate  ${summary.file}${summary.isSelfSigned ? ' (signed by this node)' : ''}`)
  print(`for          ${summary.names.join(', ')}`)
  print(`until        ${new Date(summary.expires).toISOString()}`)
  print(`sha256       ${summary.sha256}`)
  print(`pin          ${summary.pin}`)
}

async function profile(flags: ProfileFlags): Promise<void> {
  const { config } = loadConfigFrom(flags)
  const { name } = config.tls
  if (name === undefined) throw new ChordnsError('USAGE', 'set tls.name first: devices know a server by its name', {})
  const way: Way = flags.https === true || addressesOf(config, 'tls').length === 0 ? 'https' : 'tls'
  const port = portOf(config, way)
  const { isSelfSigned } = await summaryOf(config)
  const { certificateBytes } = await import('../../peer/index.ts')
  const certificate = isSelfSigned ? certificateBytes(config) : undefined
  if (way === 'tls' && port !== DOT_PORT)
    throw new ChordnsError('USAGE', `devices ask on port ${DOT_PORT}: listen.tls has ${port}`, {})
  print(profileText({ name, way, port, addresses: flags.address ?? [], certificate }))
  process.stderr.write(
    isSelfSigned
      ? `Android takes certificates of public authorities only for a private DNS name.\n`
      : `Android: Settings, Network, Private DNS: ${name}\n`,
  )
}

async function summaryOf(config: Config) {
  const { certificateSummary, needsTls, prepareTls } = await import('../../peer/index.ts')
  if (!needsTls(config)) throw new ChordnsError('USAGE', 'list addresses in listen.tls or listen.https first', {})
  await prepareTls(config, Date.now())
  return certificateSummary(config)
}

function addressesOf({ listen }: Config, way: Way): readonly string[] {
  return listen === 'auto' ? [] : (listen[way] ?? [])
}

function portOf(config: Config, way: Way): string {
  const [first] = addressesOf(config, way)
  if (first === undefined) throw new ChordnsError('USAGE', `list an address in listen.${way} first`, {})
  return /\d+$/.exec(first)![0]
}

export interface ProfileSubject {
  readonly name: string
  readonly way: Way
  readonly port: string
  readonly addresses: readonly string[]
  /** To be trusted; undefined: it is trusted already. */
  readonly certificate: Uint8Array | undefined
}

/** Apple, "DNSSettings": the same node gives the same identifiers, so that a newer profile takes the place of an older one. */
export function profileText({ name, way, port, addresses, certificate }: ProfileSubject): string {
  const host = port === '443' ? name : `${name}:${port}`
  const server =
    way === 'tls'
      ? { DNSProtocol: 'TLS', ServerName: name }
      : { DNSProtocol: 'HTTPS', ServerURL: `https://${host}${DOH_PATH}` }
  const settings = addresses.length === 0 ? server : { ...server, ServerAddresses: addresses }
  const payload = (type: string, what: string, more: Plist) => ({
    PayloadType: type,
    PayloadVersion: 1,
    PayloadIdentifier: `net.chordns.${name}.${what}`,
    PayloadUUID: uuidOf(`${name} ${what}`),
    PayloadDisplayName: `${name} (${what})`,
    ...(more as object),
  })
  const trust =
    certificate === undefined
      ? []
      : [payload('com.apple.security.root', 'certificate', { PayloadContent: certificate })]
  const dns = payload('com.apple.dnsSettings.managed', way, { DNSSettings: settings })
  const whole = payload('Configuration', 'profile', { PayloadContent: [dns, ...trust] })
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
${plist(whole)}
</plist>`
}

type Plist = string | number | Uint8Array | readonly Plist[] | { readonly [key: string]: Plist }

function plist(value: Plist): string {
  if (typeof value === 'number') return `<integer>${value}</integer>`
  if (typeof value === 'string') return `<string>${escaped(value)}</string>`
  if (value instanceof Uint8Array) return `<data>${Buffer.from(value).toString('base64')}</data>`
  if (Array.isArray(value)) return `<array>${value.map(plist).join('\n')}</array>`
  const entries = Object.entries(value).map(([key, inner]) => `<key>${escaped(key)}</key>${plist(inner)}`)
  return `<dict>\n${entries.join('\n')}\n</dict>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** The form of RFC 9562 version 8: bits of our own. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(`chordns profile ${text}`).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

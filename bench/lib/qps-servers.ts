/** The resolvers whose cached answers are counted, each with one thread and the bounds that its users have, but for what the world needs. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isInstalled } from './namespace.ts'
import { type ResolverProcess, startChordns, startServer, startUnbound, type Upstream } from './processes.ts'

export interface Contestant {
  readonly name: string
  /** Undefined: it is always there. */
  readonly program?: string
  readonly start: (upstream: Upstream) => Promise<ResolverProcess>
}

/** Of a server of TLS and HTTPS. */
export interface Certificate {
  readonly certificateFile: string
  readonly keyFile: string
}

/** Where all of them answer over TLS and HTTPS, at their addresses. */
export const PORT_OF = { dot: 853, doh: 443 } as const
const DOT = PORT_OF.dot
const DOH = PORT_OF.doh

/** One of ECDSA P-256, as Let's Encrypt gives them, signed by itself. Needs `openssl`. */
export function makeCertificate(dir: string): Certificate {
  const [certificateFile, keyFile] = [join(dir, 'certificate.pem'), join(dir, 'key.pem')]
  const key = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const args = [...key, '-subj', '/CN=bench.org', '-keyout', keyFile, '-out', certificateFile]
  execFileSync('openssl', args, { stdio: 'ignore' })
  return { certificateFile, keyFile }
}

const ECHO = fileURLToPath(new URL('./udp-echo.ts', import.meta.url))
export const BOUND = 'bound'

export const BLOCKING = 'chordns, blocking'

/** With a certificate those alone that answer over TLS and HTTPS; with a list of blocked names chordns once more, with that list and ten groups of clients. */
export function contestants(tableBytes: string, tls?: Certificate, blocked?: string): readonly Contestant[] {
  const all: readonly Contestant[] = [
    { name: BOUND, start: () => startServer(BOUND, '127.0.0.9', [process.execPath, ECHO, '127.0.0.9', '53']) },
    { name: 'chordns', start: (upstream) => startChordns(upstream, chordns(true, tableBytes, tls)) },
    { name: 'chordns, slow', start: (upstream) => startChordns(upstream, chordns(false, tableBytes, tls)) },
    ...(blocked === undefined
      ? []
      : [
          {
            name: BLOCKING,
            start: (up: Upstream) => startChordns(up, { ...chordns(true, tableBytes, tls), filter: filterOf(blocked) }),
          },
        ]),
    { name: 'unbound', program: 'unbound', start: (upstream) => startUnbound(upstream, tls && unboundTls(tls)) },
    { name: 'bind', program: 'named', start: (upstream) => startBind(upstream, tls) },
    { name: 'knot', program: 'kresd', start: (upstream) => startKnot(upstream, tls) },
    { name: 'powerdns', program: 'pdns_recursor', start: startPowerdns },
    { name: 'dnsmasq', program: 'dnsmasq', start: startDnsmasq },
  ]
  const answersOver = ({ name }: Contestant) => tls === undefined || ![BOUND, 'powerdns', 'dnsmasq'].includes(name)
  return all.filter((one) => answersOver(one) && (one.program === undefined || isInstalled(one.program)))
}

function chordns(fast: boolean, tableBytes: string, tls?: Certificate): Readonly<Record<string, object>> {
  // BIND has the first address.
  const address = fast ? '127.0.0.7' : '127.0.0.8'
  const other = `${address}:0`
  const encrypted = { udp: [other], tcp: [other], tls: [`${address}:${DOT}`], https: [`${address}:${DOH}`] }
  return {
    ...(tls && { listen: encrypted, tls: { ...tls } }),
    serve: { fast, tableBytes },
    cache: { maxBytes: '512MiB', persist: false },
    ring: { enabled: false },
  }
}

/** The load is of no group. */
function filterOf(file: string): object {
  const groups = Array.from({ length: 10 }, (_, i) => [
    `group${i}`,
    { clients: [`10.0.${i}.0/24`], block: [`only${i}.org`] },
  ])
  return { lists: { many: { source: file } }, groups: Object.fromEntries(groups) }
}

function unboundTls({ certificateFile, keyFile }: Certificate): readonly string[] {
  return [
    `  interface: 127.0.0.2@${DOT}`,
    `  interface: 127.0.0.2@${DOH}`,
    `  tls-port: ${DOT}`,
    `  https-port: ${DOH}`,
    `  tls-service-pem: "${certificateFile}"`,
    `  tls-service-key: "${keyFile}"`,
  ]
}

function startBind({ hints }: Upstream, tls?: Certificate): Promise<ResolverProcess> {
  // It listens on addresses that stand at an interface only.
  const address = '127.0.0.1'
  const config = [
    ...(tls ? [`tls own { cert-file "${tls.certificateFile}"; key-file "${tls.keyFile}"; };`] : []),
    'options {',
    ...(tls ? [`  listen-on port ${DOT} tls own { ${address}; };`] : []),
    ...(tls ? [`  listen-on port ${DOH} tls own http default { ${address}; };`] : []),
    '  directory "DIR"; pid-file none; session-keyfile none; managed-keys-directory "DIR";',
    `  listen-on port 53 { ${address}; }; listen-on-v6 { none; };`,
    '  recursion yes; allow-query { any; }; allow-recursion { any; }; dnssec-validation no; minimal-responses yes;',
    '  empty-zones-enable no; max-cache-size 512m;',
    '};',
    'controls { };',
    'zone "." { type hint; file "root.hints"; };',
  ]
  const args = ['named', '-f', '-n', '1', '-c', 'DIR/named.conf']
  return startServer('bind', address, args, { 'named.conf': `${config.join('\n')}\n`, 'root.hints': hints })
}

function startKnot({ hints }: Upstream, tls?: Certificate): Promise<ResolverProcess> {
  const address = '127.0.0.4'
  const config = [
    `net.listen('${address}', 53)`,
    'net.ipv6 = false',
    ...(tls ? [`net.tls('${tls.certificateFile}', '${tls.keyFile}')`] : []),
    ...(tls ? [`net.listen('${address}', ${DOT}, { kind = 'tls' })`] : []),
    ...(tls ? [`net.listen('${address}', ${DOH}, { kind = 'doh2' })`] : []),
    "trust_anchors.remove('.')",
    "modules = { 'hints' }",
    "hints.root_file('DIR/root.hints')",
    'cache.size = 500 * MB',
    "log_level('err')",
  ]
  const args = ['kresd', '-n', '-c', 'DIR/kresd.conf', 'DIR']
  return startServer('knot', address, args, { 'kresd.conf': `${config.join('\n')}\n`, 'root.hints': hints })
}

function startPowerdns({ hints }: Upstream): Promise<ResolverProcess> {
  const address = '127.0.0.5'
  const config = [
    `local-address=${address}`,
    'local-port=53',
    'hint-file=DIR/root.hints',
    'socket-dir=DIR',
    'dnssec=process-no-validate',
    'dont-query=',
    'threads=1',
    'allow-from=127.0.0.0/8',
    'max-cache-entries=2000000',
    'max-packetcache-entries=2000000',
    'write-pid=no',
    'security-poll-suffix=',
  ]
  const args = ['pdns_recursor', '--config-dir=DIR', '--daemon=no']
  return startServer('powerdns', address, args, { 'recursor.conf': `${config.join('\n')}\n`, 'root.hints': hints })
}

/** It forwards only, so it gets what it asks for from Unbound's place: skipped where that is not there. */
function startDnsmasq(): Promise<ResolverProcess> {
  const args = [
    'dnsmasq',
    '-k',
    '-C',
    '/dev/null',
    '-a',
    '127.0.0.6',
    '-z',
    '-R',
    '-S',
    '127.0.0.2',
    '-c',
    '10000',
    '-x',
    '',
  ]
  return startServer('dnsmasq', '127.0.0.6', args)
}

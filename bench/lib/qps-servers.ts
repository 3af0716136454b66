/** The resolvers whose cached answers are counted, each with one thread and the bounds that its users have, but for what the world needs. */
import { fileURLToPath } from 'node:url'
import { isInstalled } from './namespace.ts'
import { type ResolverProcess, startChordns, startServer, startUnbound, type Upstream } from './processes.ts'

export interface Contestant {
  readonly name: string
  /** Undefined: it is always there. */
  readonly program?: string
  readonly start: (upstream: Upstream) => Promise<ResolverProcess>
}

const ECHO = fileURLToPath(new URL('./udp-echo.ts', import.meta.url))
export const BOUND = 'bound'

export function contestants(tableBytes: string): readonly Contestant[] {
  const all: readonly Contestant[] = [
    { name: BOUND, start: () => startServer(BOUND, '127.0.0.9', [process.execPath, ECHO, '127.0.0.9', '53']) },
    { name: 'chordns', start: (upstream) => startChordns(upstream, chordns(true, tableBytes)) },
    { name: 'chordns, slow', start: (upstream) => startChordns(upstream, chordns(false, tableBytes)) },
    { name: 'unbound', program: 'unbound', start: startUnbound },
    { name: 'bind', program: 'named', start: startBind },
    { name: 'knot', program: 'kresd', start: startKnot },
    { name: 'powerdns', program: 'pdns_recursor', start: startPowerdns },
    { name: 'dnsmasq', program: 'dnsmasq', start: startDnsmasq },
  ]
  return all.filter(({ program }) => program === undefined || isInstalled(program))
}

function chordns(fast: boolean, tableBytes: string): Readonly<Record<string, object>> {
  return { serve: { fast, tableBytes }, cache: { maxBytes: '512MiB', persist: false }, ring: { enabled: false } }
}

function startBind({ hints }: Upstream): Promise<ResolverProcess> {
  // It listens on addresses that stand at an interface only.
  const address = '127.0.0.1'
  const config = [
    'options {',
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

function startKnot({ hints }: Upstream): Promise<ResolverProcess> {
  const address = '127.0.0.4'
  const config = [
    `net.listen('${address}', 53)`,
    'net.ipv6 = false',
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

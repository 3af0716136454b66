/** The authoritative servers of the namespace: NSD, Knot, BIND, and the embedded one for odd behaviour. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ADDRESSES } from './addresses.ts'
import type { Programs } from './programs.ts'
import type { BuiltZone, Internet } from './sign.ts'
import type { ServerName, Signing } from './types.ts'

const ODD_SERVER = fileURLToPath(new URL('odd-server.ts', import.meta.url))

/** Starts all; they are not ready yet (see `allReady` in ask.ts). */
export function startServers(programs: Programs, internet: Internet): void {
  const odd = internet.zones.filter(({ plan }) => plan.odd !== undefined)
  for (const name of Object.keys(ADDRESSES) as ServerName[]) {
    const zones = internet.zones.filter(({ plan }) => plan.server === name && plan.odd === undefined)
    if (name.endsWith('-knot')) startKnot(programs, internet.dir, name, zones)
    else if (name.endsWith('-bind')) startBind(programs, internet.dir, name, zones)
    else startNsd(programs, internet.dir, name, zones)
  }
  const spec = join(internet.dir, 'odd.json')
  writeFileSync(
    spec,
    JSON.stringify(odd.map(({ plan, file, addresses, copies }) => ({ origin: plan.origin, file, addresses, copies }))),
  )
  programs.start('odd', process.execPath, [ODD_SERVER, spec])
}

function startNsd(programs: Programs, dir: string, name: ServerName, zones: readonly BuiltZone[]): void {
  const text = `server:
${ADDRESSES[name].map((address) => `  ip-address: ${address}`).join('\n')}
  username: ""
  zonesdir: "${dir}"
  zonelistfile: "${dir}/${name}.list"
  xfrdfile: ""
  xfrdir: "${dir}"
  database: ""
  pidfile: ""
  server-count: 1
  refuse-any: no
remote-control:
  control-enable: no
${zones.map(({ plan, file }) => `zone:\n  name: "${plan.origin}"\n  zonefile: "${file}"\n`).join('')}`
  programs.start(name, 'nsd', ['-d', '-c', write(dir, `${name}.conf`, text)])
}

function startBind(programs: Programs, dir: string, name: ServerName, zones: readonly BuiltZone[]): void {
  const options = `options {
  directory "${dir}"; pid-file none; session-keyfile none; lock-file none;
  listen-on { ${ADDRESSES[name].map((address) => `${address};`).join(' ')} }; listen-on-v6 { none; };
  recursion no; dnssec-validation no; notify no; allow-transfer { none; }; empty-zones-enable no;
};
controls { };
`
  const all = zones.map(
    ({ plan, file }) =>
      `zone "${plan.origin}" { type primary; file "${file}"; check-names ignore; check-integrity no; };\n`,
  )
  programs.start(name, 'named', ['-g', '-4', '-n', '1', '-c', write(dir, `${name}.conf`, options + all.join(''))])
}

/** Zones with `tool: 'knot'` are signed by knotd itself, with the keys that dnssec-keygen made. */
function startKnot(programs: Programs, dir: string, name: ServerName, zones: readonly BuiltZone[]): void {
  const signs = ({ plan }: BuiltZone) => plan.sign?.tool === 'knot'
  const policies = new Map<string, Signing>()
  for (const { plan } of zones.filter(signs)) policies.set(policyName(plan.sign!), plan.sign!)
  const text = `server:
  rundir: "${dir}/${name}-db"
  listen: [${ADDRESSES[name].map((address) => `${address}@53`).join(', ')}]
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
control:
  listen: "${dir}/${name}.sock"
log:
  - target: stderr
    any: warning
database:
  storage: "${dir}/${name}-db"
policy:
${[...policies].map(([id, sign]) => policyText(id, sign)).join('')}
template:
  - id: default
    semantic-checks: off
    zonefile-sync: -1
    journal-content: none
zone:
${zones
  .map(
    (zone) =>
      `  - domain: "${zone.plan.origin}"\n    file: "${zone.file}"\n${signs(zone) ? `    dnssec-signing: on\n    dnssec-policy: ${policyName(zone.plan.sign!)}\n` : ''}`,
  )
  .join('')}`
  const config = write(dir, `${name}.conf`, text.replace(/^policy:\n\n/m, ''))
  mkdirSync(join(dir, `${name}-db`), { recursive: true })
  for (const { plan, keys } of zones.filter(signs))
    for (const key of [keys!.ksk, keys!.zsk])
      programs.run('keymgr', ['-c', config, plan.origin, 'import-bind', `${key.path}.key`])
  programs.start(name, 'knotd', ['-c', config])
}

const policyName = ({ denial }: Signing): string =>
  denial === 'nsec' ? 'nsec' : `nsec3-${denial.iterations}-${denial.salt.length / 2}-${denial.optOut ? 'o' : 'n'}`

function policyText(id: string, { denial }: Signing): string {
  const nsec3 =
    denial === 'nsec'
      ? '    nsec3: off\n'
      : `    nsec3: on\n    nsec3-iterations: ${denial.iterations}\n    nsec3-salt-length: ${denial.salt.length / 2}\n    nsec3-opt-out: ${denial.optOut ? 'on' : 'off'}\n`
  return `  - id: ${id}\n    manual: on\n    rrsig-lifetime: 30d\n    rrsig-refresh: 7d\n${nsec3}`
}

function write(dir: string, file: string, text: string): string {
  const path = join(dir, file)
  writeFileSync(path, text)
  return path
}

/** The four resolvers, each with the settings that its users get, and the local root's key as trust anchor. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { RESOLVERS, ROOT_ADDRESSES, rootLetter } from './addresses.ts'
import type { Programs } from './programs.ts'

const CLI = fileURLToPath(new URL('../../bin/sources.mjs', import.meta.url))

export interface Started {
  /** False: this chordns has no validation yet, so AD and bogus differ as a matter of course. */
  readonly validates: boolean
}

/** `anchor`: DS RDATA text of the root. Resolves when chordns says that it is ready. */
export async function startResolvers(programs: Programs, dir: string, anchor: string): Promise<Started> {
  const hints = join(dir, 'hints')
  writeFileSync(
    hints,
    ROOT_ADDRESSES.map((address, i) => `. 3600000 NS ${rootLetter(i)}\n${rootLetter(i)} 3600000 A ${address}\n`).join(
      '',
    ),
  )
  startUnbound(programs, dir, hints, anchor)
  startBind(programs, dir, hints, anchor)
  startKnot(programs, dir, hints, anchor)
  return startChordns(programs, dir, anchor)
}

function startUnbound(programs: Programs, dir: string, hints: string, anchor: string): void {
  const anchorFile = join(dir, 'anchor')
  writeFileSync(anchorFile, `. IN DS ${anchor}\n`)
  const config = join(dir, 'unbound.conf')
  writeFileSync(
    config,
    `server:
  interface: ${RESOLVERS.unbound}
  username: ""
  chroot: ""
  directory: "${dir}"
  pidfile: ""
  use-syslog: no
  val-log-level: 2
  module-config: "validator iterator"
  trust-anchor-file: "${anchorFile}"
  root-hints: "${hints}"
  do-ip6: no
  num-threads: 1
  access-control: 127.0.0.0/8 allow
remote-control:
  control-enable: no
`,
  )
  programs.start('unbound', 'unbound', ['-d', '-c', config])
}

function startBind(programs: Programs, dir: string, hints: string, anchor: string): void {
  const [tag, algorithm, digestType, digest] = anchor.split(' ')
  const config = join(dir, 'bind.conf')
  writeFileSync(
    config,
    `options {
  directory "${dir}"; pid-file none; session-keyfile none; lock-file none;
  listen-on { ${RESOLVERS.bind}; }; listen-on-v6 { none; };
  recursion yes; allow-recursion { any; }; dnssec-validation yes; max-cache-size 256M;
};
controls { };
trust-anchors { . static-ds ${tag} ${algorithm} ${digestType} "${digest}"; };
zone "." { type hint; file "${hints}"; };
`,
  )
  programs.start('bind', 'named', ['-g', '-4', '-n', '1', '-c', config])
}

function startKnot(programs: Programs, dir: string, hints: string, anchor: string): void {
  const own = join(dir, 'kresd')
  mkdirSync(own)
  const config = join(dir, 'kresd.lua')
  writeFileSync(
    config,
    `net.ipv6 = false
net.listen('${RESOLVERS.knot}', 53, { kind = 'dns' })
modules = { 'hints > iterate' }
hints.root_file('${hints}')
trust_anchors.remove('.')
trust_anchors.add('. 3600 IN DS ${anchor}')
modules.unload('ta_update')
modules.unload('priming')
cache.size = 100 * MB
log_level('warning')
`,
  )
  programs.start('knot', 'kresd', ['-n', '-c', config, own])
}

async function startChordns(programs: Programs, dir: string, anchor: string): Promise<Started> {
  const validates = execFileSync(process.execPath, [CLI, 'config', 'schema'], { encoding: 'utf8' }).includes(
    'trustAnchors',
  )
  const anchorFile = join(dir, 'chordns-anchor')
  writeFileSync(anchorFile, `. 3600 IN DS ${anchor}\n`)
  const settings: Readonly<Record<string, string>> = {
    data: join(dir, 'data'),
    listen: JSON.stringify({ udp: [`${RESOLVERS.chordns}:53`], tcp: [`${RESOLVERS.chordns}:53`] }),
    ...(validates && { 'dnssec.trustAnchors': anchorFile }),
  }
  const args = Object.entries(settings).flatMap(([path, value]) => ['--set', `${path}=${value}`])
  const child = programs.start('chordns', process.execPath, [CLI, 'start', ...args], { stdout: 'read' })
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => {
      try {
        programs.checkAlive()
      } catch (error) {
        reject(error)
      }
    })
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (line.startsWith('ready ')) resolve()
    })
  })
  return { validates }
}

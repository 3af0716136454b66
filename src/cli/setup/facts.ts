/** What is so on this machine now. `root` stands before all paths, for tests. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { InterfaceAddress, MachineFacts, ResolvConf } from './plan.ts'
import { RESOLV_CONF } from './plan.ts'
import { type Holder, holdersIn } from './port-53.ts'

const PORT = 53

export function readFacts(config: MachineFacts['config'], root = '/'): MachineFacts {
  return {
    addresses: ownAddresses(),
    towardsInternet: defaultInterface(textOf('/proc/net/route') ?? ''),
    holders: readHolders(),
    resolvConf: readResolvConf(join(root, RESOLV_CONF)),
    hasResolved: textOf(join(root, '/run/systemd/resolve/resolv.conf')) !== undefined,
    config,
  }
}

function ownAddresses(): InterfaceAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses
      // Addresses of a link need their zone, and clients cannot be told of them.
      .filter(({ address }) => !address.startsWith('fe80:'))
      .map(({ address, cidr }) => ({ interface: name, address, prefix: Number(cidr?.split('/')[1] ?? 32) })),
  )
}

/** The first line of /proc/net/route whose destination and mask are zero. */
export function defaultInterface(routes: string): string | undefined {
  return routes
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .find((fields) => fields[1] === '00000000' && fields[7] === '00000000')?.[0]
}

function readHolders(): Holder[] {
  const found = (['udp', 'tcp'] as const).flatMap((protocol) =>
    [protocol, `${protocol}6`].flatMap((file) => holdersIn(textOf(`/proc/net/${file}`) ?? '', protocol, PORT)),
  )
  const programs = found.length === 0 ? new Map<string, string>() : programsOf(new Set(found.map(({ inode }) => inode)))
  return found.map((holder) => ({ ...holder, program: programs.get(holder.inode) }))
}

/** By the inodes of their sockets. Of other users' processes only root sees them. */
function programsOf(inodes: ReadonlySet<string>): Map<string, string> {
  const programs = new Map<string, string>()
  for (const pid of listOf('/proc').filter((name) => /^\d+$/.test(name)))
    for (const fd of listOf(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`) ?? '')?.[1]
      if (inode !== undefined && inodes.has(inode)) programs.set(inode, `${nameOf(pid)} (pid ${pid})`)
    }
  return programs
}

function nameOf(pid: string): string {
  const command = textOf(`/proc/${pid}/cmdline`)?.split('\0') ?? []
  if (command.some((word) => /(^|\/)(chordns|cli\.[jt]s|bin\/sources\.mjs)$/.test(word))) return 'chordns'
  return textOf(`/proc/${pid}/comm`)?.trim() ?? 'a program'
}

function readResolvConf(path: string): ResolvConf {
  const target = linkOf(path)
  if (target !== undefined) return { kind: 'link', target }
  const text = textOf(path)
  return text === undefined ? { kind: 'none' } : { kind: 'file', text }
}

function linkOf(path: string): string | undefined {
  return orNothing(() => (lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined))
}

function listOf(path: string): string[] {
  return orNothing(() => readdirSync(path)) ?? []
}

function textOf(path: string): string | undefined {
  return orNothing(() => readFileSync(path, 'utf8'))
}

/** What is not there, or not for this user to see, is not known: nothing is concluded from it. */
function orNothing<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

/**
 * A machine on which nothing was installed yet, for package managers: the programs of this machine under a layer that takes what is written, and
 * directories of its own beside them. Each command has its own namespaces of mounts and of the network; what it writes stays for the next one.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Needs root, an overlay file system, and Debian. */
export function freshRootProblem(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root'
  for (const program of ['dpkg', 'dpkg-deb', 'unshare', 'chroot', 'systemd-sysusers', 'deb-systemd-helper'])
    if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0) return `no ${program}`
  const { root, inside, remove } = freshRoot([])
  try {
    inside('true')
    return undefined
  } catch (error) {
    return `no overlay in ${root}: ${error}`
  } finally {
    remove()
  }
}

export interface FreshRoot {
  readonly root: string
  /** A path of the machine as seen from here; of /usr only what was written there. */
  readonly at: (path: string) => string
  /** What a shell in it prints. Throws where it fails, with both outputs. */
  readonly inside: (script: string) => string
  readonly remove: () => void
}

/** `installed`: packages of this machine that its dpkg knows, too. */
export function freshRoot(installed: readonly string[]): FreshRoot {
  const base = mkdtempSync(join(tmpdir(), 'chordns-root-'))
  const [root, upper, work] = ['root', 'upper', 'work'].map((name) => join(base, name)) as [string, string, string]
  for (const dir of [root, upper, work]) mkdirSync(dir, { mode: 0o755 })
  for (const dir of [
    'usr',
    'etc',
    'var/lib/dpkg/info',
    'var/lib/dpkg/updates',
    'var/log',
    'var/cache',
    'proc',
    'dev',
    'run',
    'root',
    'tmp',
  ])
    mkdirSync(join(root, dir), { recursive: true })
  for (const name of ['bin', 'sbin', 'lib', 'lib64'])
    if (existsSync(`/usr/${name}`)) symlinkSync(`usr/${name}`, join(root, name))
  for (const name of ['passwd', 'group']) copyFileSync(`/usr/share/base-passwd/${name}.master`, join(root, 'etc', name))
  writeFileSync(join(root, 'etc/resolv.conf'), 'nameserver 192.0.2.53\n')
  writeFileSync(join(root, 'var/lib/dpkg/status'), stanzas(installed))
  const mounts = [
    // A mount point, so that a test can make it read-only.
    `mount --bind ${root} ${root}`,
    `mount -t overlay overlay -o lowerdir=/usr,upperdir=${upper},workdir=${work} ${root}/usr`,
    `mount -t proc proc ${root}/proc`,
    `mount --rbind /dev ${root}/dev`,
    'ip link set lo up',
  ].join(' && ')
  return {
    root,
    at: (path) => (path.startsWith('/usr/') ? join(upper, path.slice('/usr'.length)) : join(root, path)),
    inside: (script) =>
      execFileSync(
        'unshare',
        [
          '-m',
          '-n',
          '-p',
          '--fork',
          '--kill-child',
          'sh',
          '-ec',
          `${mounts}; exec chroot ${root} /bin/sh -ec "$1"`,
          'sh',
          script,
        ],
        {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
          env: { PATH: '/usr/sbin:/usr/bin', HOME: '/root', DEBIAN_FRONTEND: 'noninteractive' },
        },
      ),
    remove: () => rmSync(base, { recursive: true, force: true }),
  }
}

/** As this machine's dpkg knows them, without what they depend on themselves. */
function stanzas(packages: readonly string[]): string {
  if (packages.length === 0) return ''
  return readFileSync('/var/lib/dpkg/status', 'utf8')
    .split('\n\n')
    .filter((stanza) => packages.includes(/^Package: (.*)$/m.exec(stanza)?.[1] ?? ''))
    .map(
      (stanza) =>
        `${stanza.trim().replace(/^(Pre-Depends|Depends|Recommends|Conffiles|Breaks|Conflicts):.*\n( .*\n)*/gm, '')}\n`,
    )
    .join('\n')
}

/**
 * Makes a Debian package of an installation with `dpkg-deb` alone. The same sources, modules and SOURCE_DATE_EPOCH make the same bytes, whoever builds
 * where: times, modes, owners and the order of files are set here, and compression has one thread.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { layOut, type Module, ROOT } from './layout.ts'

export interface DebOptions {
  /** The directory where the package is put. */
  readonly out: string
  /** Seconds since 1970: the time of all files, and of the changelog. */
  readonly epoch: number
  readonly maintainer: string
  /** What `npm pack` made; made now if left out. */
  readonly packed?: string | undefined
  /** Default: that of package.json. */
  readonly version?: string | undefined
  /** `xz` is a third smaller than `gzip` and takes a minute of CPU; `none` is for tests. */
  readonly compression?: 'xz' | 'gzip' | 'none' | undefined
}

const HOME = 'usr/lib/chordns'
const DOCS = 'usr/share/doc/chordns'
const UNIT = 'usr/lib/systemd/system/chordns.service'
const SOCKET_UNIT = 'usr/lib/systemd/system/chordns.socket'
const SCRIPTS = ['postinst', 'prerm', 'postrm'] as const
/** Debian's names of what Node calls otherwise. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** The path of the package. Throws with what is missing. */
export function buildDeb(options: DebOptions): string {
  const architecture = ARCHITECTURES[process.arch]
  if (architecture === undefined) throw new Error(`there is no Node for ${process.arch} in package.json`)
  const root = mkdtempSync(join(tmpdir(), 'chordns-deb-'))
  try {
    const modules = layOut({ to: join(root, HOME), packed: options.packed })
    const version = debianVersion(options.version ?? ownVersion(root))
    arrange(root)
    writeDocs(root, { modules, version, options })
    writeControl(root, { version, architecture, maintainer: options.maintainer })
    normalise(root, options.epoch)
    const path = join(options.out, `chordns_${version}_${architecture}.deb`)
    pack(root, path, options)
    return path
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** `0.2.0-rc.1` stands before `0.2.0` in Debian's order, too. */
export function debianVersion(version: string): string {
  return version.replace('-', '~')
}

/** The unit of the sources with a user that stays, whose number the files in the data directory keep. */
export function packagedUnit(unit: string): string {
  const changed = unit
    .replace(/^#.*\n#.*\n/, '')
    .replace(/^Documentation=.*$/m, `Documentation=file:/${DOCS}/operating.md`)
    .replace(/^DynamicUser=yes$/m, 'User=chordns\nGroup=chordns\nRestrictSUIDSGID=yes\nRemoveIPC=yes')
  if (!changed.includes('User=chordns'))
    throw new Error('packaging/chordns.service has no line DynamicUser=yes to replace')
  return changed
}

function ownVersion(root: string): string {
  return (JSON.parse(readFileSync(join(root, HOME, 'package.json'), 'utf8')) as { version: string }).version
}

/** Each thing where Debian has it. */
function arrange(root: string): void {
  const packaging = join(ROOT, 'packaging')
  const put = (to: string, text: string): void => {
    mkdirSync(dirname(join(root, to)), { recursive: true })
    writeFileSync(join(root, to), text)
  }
  const textOf = (name: string): string => readFileSync(join(packaging, name), 'utf8')
  put(UNIT, packagedUnit(textOf('chordns.service')))
  put(SOCKET_UNIT, textOf('chordns.socket'))
  put('usr/lib/sysusers.d/chordns.conf', textOf('deb/sysusers.conf'))
  put('usr/lib/tmpfiles.d/chordns.conf', textOf('deb/tmpfiles.conf'))
  put('etc/chordns/resolver.config.json', textOf('deb/resolver.config.json'))
  put(`${DOCS}/examples/grafana.json`, textOf('grafana.json'))
  mkdirSync(join(root, 'usr/bin'), { recursive: true })
  symlinkSync('../lib/chordns/bin/chordns', join(root, 'usr/bin/chordns'))
  cpSync(join(root, HOME, 'docs'), join(root, DOCS), { recursive: true })
  for (const name of ['docs', 'packaging', 'LICENSE', 'README.md'])
    rmSync(join(root, HOME, name), { recursive: true, force: true })
}

function writeDocs(
  root: string,
  { modules, version, options }: { modules: readonly Module[]; version: string; options: DebOptions },
): void {
  const date = new Date(options.epoch * 1_000).toUTCString().replace('GMT', '+0000')
  const changelog = `chordns (${version}) stable; urgency=medium\n\n  * See the history of the sources.\n\n -- ${options.maintainer}  ${date}\n`
  writeFileSync(join(root, DOCS, 'changelog.gz'), gzipSync(changelog, { level: 9 }))
  writeFileSync(join(root, DOCS, 'copyright'), copyright(modules))
}

/** The licence of chordns in full; of each module its name, and where its text is. */
function copyright(modules: readonly Module[]): string {
  const lines = modules.map(({ path, name, version, license }) => `  ${name} ${version}: ${license}, /${HOME}/${path}`)
  return [
    'chordns, a recursive DNS resolver.\n',
    readFileSync(join(ROOT, 'LICENSE'), 'utf8'),
    'It comes with these modules. The text of the licence of each is in its directory; that of Apache-2.0 is in',
    '/usr/share/common-licenses/Apache-2.0, too. node-linux-* is the Node.js runtime, whose file LICENSE names all that it is made of.\n',
    ...lines,
    '',
  ].join('\n')
}

function writeControl(root: string, values: { version: string; architecture: string; maintainer: string }): void {
  const control = join(root, 'DEBIAN')
  const source = join(ROOT, 'packaging/deb')
  const files = filesBelow(root)
  mkdirSync(control)
  const kilobytes = files.reduce((sum, file) => sum + Math.ceil(lstatSync(join(root, file)).size / 1_024), 0)
  const text = readFileSync(join(source, 'control'), 'utf8')
    .replace('@VERSION@', values.version)
    .replace('@ARCHITECTURE@', values.architecture)
    .replace('@MAINTAINER@', values.maintainer)
    .replace('@INSTALLED_SIZE@', String(kilobytes))
  writeFileSync(join(control, 'control'), text)
  writeFileSync(join(control, 'conffiles'), '/etc/chordns/resolver.config.json\n')
  for (const name of SCRIPTS) cpSync(join(source, name), join(control, name))
  const sums = files
    .filter((file) => !file.startsWith('etc/') && !lstatSync(join(root, file)).isSymbolicLink())
    .map(
      (file) =>
        `${createHash('md5')
          .update(readFileSync(join(root, file)))
          .digest('hex')}  ${file}\n`,
    )
  writeFileSync(join(control, 'md5sums'), sums.join(''))
}

/** Paths without the root, sorted, directories left out. */
function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1))
    .sort()
}

/** Modes without the builder's umask, and one time for all. */
function normalise(root: string, epoch: number): void {
  const isProgram = (path: string): boolean =>
    [join(HOME, 'bin/chordns'), ...SCRIPTS.map((name) => join('DEBIAN', name))].includes(path) ||
    /\/bin\/node$/.test(path)
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' })
  for (const path of ['', ...paths]) {
    const place = join(root, path)
    const stat = lstatSync(place)
    if (!stat.isSymbolicLink()) chmodSync(place, stat.isDirectory() || isProgram(path) ? 0o755 : 0o644)
    lutimesSync(place, epoch, epoch)
  }
}

function pack(root: string, path: string, { epoch, compression = 'xz' }: DebOptions): void {
  const level = compression === 'none' ? [] : ['-z6', '--threads-max=1']
  execFileSync('dpkg-deb', ['--root-owner-group', `-Z${compression}`, ...level, '--build', root, path], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/**
 * What `npm pack` makes, as somebody has it who installed it: an ordinary user, a path with spaces, an older Node on the machine. And what is made of it: a
 * Debian package, on a machine that had none, and the tree of a container image.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildDeb } from '../../scripts/packages/deb.ts'
import { until } from './scenes/asking.ts'
import { type FreshRoot, freshRoot, freshRootProblem } from './scenes/fresh-root.ts'

const NOBODY = 65_534
const ROOT = resolve(import.meta.dirname, '../..')

/** Nobody, where these tests run as root and the checkout is not in a directory of root's own. */
function ordinaryUser(): { readonly uid?: number; readonly gid?: number } {
  const nobody = { uid: NOBODY, gid: NOBODY }
  if (process.getuid?.() !== 0) return {}
  return spawnSync('test', ['-r', join(ROOT, 'package.json')], nobody).status === 0 ? nobody : {}
}

const dir = mkdtempSync(join(tmpdir(), 'chordns package '))
const packed = () => join(dir, readdirSync(dir).find((name) => name.endsWith('.tgz'))!)

beforeAll(() => {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', dir], { cwd: ROOT })
})

afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('the packed program', () => {
  const home = join(dir, 'lib', 'package')
  const command = join(dir, 'bin', 'chordns')
  const user = ordinaryUser()
  /** The machine has another Node, which refuses to run this. */
  const env = { PATH: `${join(dir, 'old')}:/usr/bin:/bin`, HOME: dir }

  beforeAll(() => {
    chmodSync(dir, 0o755)
    for (const name of ['lib', 'bin', 'old', 'data']) mkdirSync(join(dir, name))
    chmodSync(join(dir, 'data'), 0o777)
    execFileSync('tar', ['xf', packed(), '-C', join(dir, 'lib')])
    // What npm would install beside it: in the package, or, as here, next to it.
    symlinkSync(join(ROOT, 'node_modules'), join(dir, 'lib', 'node_modules'))
    for (const name of ['x64', 'arm64']) {
      const runtime = join(ROOT, 'node_modules', `node-linux-${name}`)
      if (existsSync(runtime)) symlinkSync(runtime, join(dir, 'lib', `node-linux-${name}`))
    }
    symlinkSync(join(home, 'bin', 'chordns'), command)
    writeFileSync(join(dir, 'old', 'node'), '#!/bin/sh\necho v18.0.0\nexit 9\n', { mode: 0o755 })
  })

  it('has its command, which finds the Node that was installed with it', () => {
    const said = execFileSync(command, ['--version'], { ...user, env, cwd: dir, encoding: 'utf8' })
    expect(said).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('runs a node, with its worker threads and files, and stops in order', async () => {
    writeFileSync(join(dir, 'hints'), '. 3600 NS ns.test.\nns.test. 3600 A 127.0.0.1\n')
    const settings = [
      'listen={"udp":["127.0.0.1:0"],"tcp":["127.0.0.1:0"]}',
      'status.listen=127.0.0.1:0',
      'ring.listen=["/ip4/127.0.0.1/tcp/0"]',
      'ring.mdns=false',
      `iterator.rootHints=${join(dir, 'hints')}`,
      'iterator.queryLoopback=true',
      'iterator.port=9',
      'local.records=["printer.test A 192.0.2.9"]',
    ].flatMap((one) => ['--set', one])
    const child = spawn(command, ['start', ...settings], {
      ...user,
      env: { ...env, STATE_DIRECTORY: join(dir, 'data') },
      cwd: '/',
    })
    let out = ''
    let log = ''
    child.stdout.on('data', (text) => {
      out += text
    })
    child.stderr.on('data', (text) => {
      log += text
    })
    const ended = new Promise((go) => child.once('exit', go))
    try {
      const ready = await until(
        'the node to be ready',
        () => /^ready udp=\S+:(\d+).* status=(\S+)/.exec(out) ?? undefined,
        () => out + log.slice(-2_000),
      )
      const asked = ['lookup', 'printer.test', '--node', ready[2]!]
      expect(execFileSync(command, asked, { ...user, env, cwd: dir, encoding: 'utf8' })).toContain('192.0.2.9')
      expect(existsSync(join(dir, 'data', 'data.db'))).toBe(true)
      const page = async (path: string) => {
        const reply = await fetch(`http://${ready[2]}${path}`)
        return { status: reply.status, text: await reply.text() }
      }
      expect((await page('/metrics')).text).toMatch(/^chordns_serve_queries_total \d+$/m)
      expect(await page('/healthz')).toMatchObject({ status: 200 })
      // No root server answers here.
      expect(await page('/readyz')).toEqual({ status: 503, text: '{"ready":false}\n' })
    } finally {
      child.kill('SIGTERM')
    }
    expect(await ended).toBe(0)
  })
})

const problem = freshRootProblem()
const hasVerify = spawnSync('systemd-analyze', ['--version']).status === 0
/** The machine has no interface but this one. */
const LAN = 'ip address add 192.168.77.2/24 dev lo'

/** Shell: runs a node in the background until it is ready, as who the unit or the image says. */
const started = (node: string) => `${node} > /tmp/out 2> /tmp/log & node=$!
  for _ in $(seq 600); do grep -q ^ready /tmp/out && break; kill -0 $node || { cat /tmp/log >&2; exit 1; }; sleep 0.1; done; cat /tmp/out`

describe.skipIf(problem !== undefined)(`the Debian package${problem === undefined ? '' : ` (${problem})`}`, () => {
  const options = { epoch: 1_800_000_000, maintainer: 'A test <test@example.org>', compression: 'none' } as const
  const unit = '/usr/lib/systemd/system/chordns.service'
  let deb: string
  let machine: FreshRoot
  const install = (file: string) => machine.inside(`dpkg --force-unsafe-io --install ${file} 2>&1`)

  beforeAll(() => {
    deb = buildDeb({ ...options, out: dir, packed: packed() })
    machine = freshRoot(['libc6', 'libgcc-s1', 'libstdc++6', 'systemd'])
  })

  afterAll(() => machine?.remove())

  it('is the same bytes, whoever builds it', () => {
    const other = join(dir, 'other')
    mkdirSync(other)
    const before = process.umask(0o077)
    try {
      const again = buildDeb({ ...options, out: other, packed: packed() })
      expect(basename(again)).toBe(basename(deb))
      expect(spawnSync('cmp', [deb, again], { encoding: 'utf8' })).toMatchObject({ status: 0, stdout: '' })
    } finally {
      process.umask(before)
      rmSync(other, { recursive: true })
    }
  })

  it('takes the place of an older one, and leaves the configuration and the resolver of the machine', () => {
    // An older version: all that counts here, without the program.
    const old = machine.at('/tmp/old')
    mkdirSync(old)
    execFileSync('dpkg-deb', ['--control', deb, join(old, 'DEBIAN')])
    const control = join(old, 'DEBIAN/control')
    writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, 'Version: 0.0.1'))
    mkdirSync(join(old, 'etc/chordns'), { recursive: true })
    copyFileSync(join(ROOT, 'packaging/deb/resolver.config.json'), join(old, 'etc/chordns/resolver.config.json'))
    for (const kind of ['sysusers', 'tmpfiles']) {
      mkdirSync(join(old, `usr/lib/${kind}.d`), { recursive: true })
      copyFileSync(join(ROOT, `packaging/deb/${kind}.conf`), join(old, `usr/lib/${kind}.d/chordns.conf`))
    }
    execFileSync('dpkg-deb', ['--root-owner-group', '-Znone', '--build', old, machine.at('/tmp/old.deb')])
    install('/tmp/old.deb')
    writeFileSync(machine.at('/etc/chordns/resolver.config.json'), '{ "log": { "level": "warn" } }\n')
    writeFileSync(machine.at('/var/lib/chordns/kept'), 'kept')

    renameSync(deb, machine.at('/tmp/new.deb'))
    expect(install('/tmp/new.deb')).toMatch(/Unpacking chordns .* over \(0\.0\.1\)/)
    expect(readFileSync(machine.at('/etc/chordns/resolver.config.json'), 'utf8')).toContain('warn')
    expect(existsSync(machine.at('/var/lib/chordns/kept'))).toBe(true)
    expect(readFileSync(machine.at('/etc/resolv.conf'), 'utf8')).toBe('nameserver 192.0.2.53\n')
    // Port 53 may be another program's after the next start of the machine: nothing begins by itself.
    expect(machine.inside('find /etc/systemd -name "*chordns*" 2> /dev/null || true')).toBe('')
    expect(machine.inside('stat -c "%U %G %a" /var/lib/chordns').trim()).toBe('chordns chordns 700')
  })

  it.skipIf(!hasVerify)('has units that systemd understands', () => {
    expect(machine.inside(`systemd-analyze verify ${unit} ${unit.replace('.service', '.socket')} 2>&1`)).toBe('')
  })

  it('runs on port 53 as its user, is set up, and leaves the machine the resolver it had when it goes', () => {
    const text = readFileSync(machine.at(unit), 'utf8')
    const settingOf = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1]
    expect(settingOf('User')).toBe('chordns')
    const capability = settingOf('AmbientCapabilities')?.replace('CAP_', '+').toLowerCase()
    const asService = `setpriv --reuid chordns --regid chordns --init-groups --no-new-privs \
      --inh-caps ${capability} --ambient-caps ${capability} --bounding-set -all,${capability} env STATE_DIRECTORY=/var/lib/chordns`
    const said = machine.inside(`${LAN}
      chordns setup --interface lo
      ${started(`${asService} ${settingOf('ExecStart')} --set ring.mdns=false`)}
      chordns setup --interface lo
      kill $node; wait $node
      cat /etc/resolv.conf
      dpkg --force-unsafe-io --remove chordns 2>&1`)
    expect(said).toMatch(/^ready udp=\S*192\.168\.77\.2:53/m)
    expect(said).toContain('nameserver 127.0.0.1\n')
    expect(readFileSync(machine.at('/etc/resolv.conf'), 'utf8')).toBe('nameserver 192.0.2.53\n')
    // What was configured is there for the next one.
    expect(readFileSync(machine.at('/etc/chordns/resolver.config.json'), 'utf8')).toContain('192.168.77.2')
    expect(existsSync(machine.at('/var/lib/chordns/data.db'))).toBe(true)
    expect(machine.inside('ls -d /usr/lib/chordns /usr/bin/chordns 2> /dev/null || true')).toBe('')
  })

  it('leaves nothing behind when it is purged, but its user', () => {
    machine.inside('dpkg --force-unsafe-io --purge chordns 2>&1')
    const left = machine.inside(
      'find / -xdev -name "*chordns*" -not -path "/tmp/*" -not -path "/root/.cache/*" 2> /dev/null; dpkg --list chordns 2> /dev/null || true',
    )
    expect(left).toBe('')
    expect(machine.inside('id chordns')).toContain('(chordns)')
  })
})

/** `KEYWORD rest` of each stage, continued lines joined. */
function stagesOf(text: string): (readonly [string, string])[][] {
  const lines = text
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const stages: (readonly [string, string])[][] = []
  for (const line of lines) {
    const [keyword = '', ...rest] = line.split(' ')
    if (keyword === 'FROM') stages.push([])
    stages.at(-1)!.push([keyword, rest.join(' ')])
  }
  return stages
}

describe('the Containerfile', () => {
  const [build = [], image = []] = stagesOf(readFileSync(join(ROOT, 'packaging/Containerfile'), 'utf8'))
  const all = (steps: readonly (readonly [string, string])[], keyword: string) =>
    steps.filter(([one]) => one === keyword).map(([, rest]) => rest)
  const one = (keyword: string) => all(image, keyword)[0]!

  it('copies what is there, and runs scripts that there are', () => {
    const { scripts, bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    const copied = [...all(build, 'COPY'), ...all(image, 'COPY').filter((rest) => !rest.startsWith('--from='))]
    for (const source of copied.flatMap((rest) => rest.split(' ').slice(0, -1)))
      expect(existsSync(join(ROOT, source)), source).toBe(true)
    const ran = all(build, 'RUN').flatMap((rest) => /^npm run (?:--silent )?(\S+)/.exec(rest)?.[1] ?? [])
    expect(ran).toEqual(['build:tree'])
    for (const name of ran) expect(scripts).toHaveProperty([name])
    expect(JSON.parse(one('ENTRYPOINT'))).toEqual([`/usr/${Object.values(bin)[0]}`])
    expect(one('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  })

  it.skipIf(problem !== undefined)(
    'makes an image whose ordinary user runs a node on a file system that cannot be written to',
    () => {
      const machine = freshRoot([])
      try {
        const tree = join(dir, 'tree')
        execFileSync(process.execPath, ['scripts/packages/build-tree.ts', '--to', tree, '--packed', packed()], {
          cwd: ROOT,
        })
        for (const rest of all(image, 'COPY')) {
          const [to, from, option] = rest.split(' ').reverse() as [string, string, string | undefined]
          if (option === undefined) {
            mkdirSync(resolve(machine.at(to), '..'), { recursive: true })
            copyFileSync(join(ROOT, from), machine.at(to))
          } else {
            expect([option, from, to]).toEqual(['--from=build', '/tree/', '/'])
            cpSync(join(tree, 'usr'), machine.at('/usr/'), { recursive: true, verbatimSymlinks: true })
          }
        }
        const [uid, gid] = one('USER').split(':')
        const asImage = `setpriv --reuid ${uid} --regid ${gid} --clear-groups --no-new-privs --bounding-set -all env -i ${one('ENV')}`
        const [health] = all(image, 'HEALTHCHECK')
        const shell = (words: string) => (JSON.parse(words) as string[]).join(' ')
        const said = machine.inside(`${all(image, 'RUN').join('\n')}
        ${LAN}
        mount --bind /data /data; mount -t tmpfs tmpfs /tmp; mount -o remount,ro /usr; mount -o remount,ro,bind /
        cd ${one('WORKDIR')}
        ${started(`${asImage} ${shell(one('ENTRYPOINT'))} ${shell(one('CMD'))} --set ring.mdns=false`)}
        ${asImage} ${shell(health!.slice(health!.indexOf('CMD ') + 4))} && echo healthy
        kill $node; wait $node
        ${asImage} ${shell(health!.slice(health!.indexOf('CMD ') + 4))} || echo gone`)
        expect(said).toMatch(/^ready udp=\S*192\.168\.77\.2:5300/m)
        expect(said).toMatch(/healthy\ngone\n$/)
        expect(statSync(machine.at('/data')).mode & 0o777).toBe(0o700)
        expect(existsSync(machine.at('/data/data.db'))).toBe(true)
      } finally {
        machine.remove()
      }
    },
  )
})

/** `chordns setup` as an owner of a box types it: in network and mount namespaces, so that the files of this machine stay as they are. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CLI } from './scenes/asking.ts'

const isRoot = process.getuid?.() === 0

/** A box at 192.168.77.1 and a device of its LAN at .50, each with its namespace. Prints a JSON value a step. */
const SCRIPT = `
set -u
cd "$DIR"
cp -a /etc etc && mount --bind etc /etc
printf 'nameserver 192.168.77.254\\n' > resolv && rm -f /etc/resolv.conf && cp resolv /etc/resolv.conf
mkdir -p netns && mount --bind netns /run/netns 2>/dev/null || { mkdir -p /run/netns && mount -t tmpfs none /run/netns; }
ip link set lo up
ip netns add device
ip link add lan0 type veth peer name eth0 netns device
ip addr add 192.168.77.1/24 dev lan0 && ip link set lan0 up
ip netns exec device sh -c 'ip addr add 192.168.77.50/24 dev eth0; ip link set eth0 up; ip link set lo up'
say() { printf '== %s\\n' "$1"; }
setup() { "$NODE" "$CLI" setup --config "$DIR/resolver.config.json" --interface lan0 --name printer.lan "$@" 2>&1; }

say dry; setup --dry-run; cat /etc/resolv.conf
say first; setup; cat /etc/resolv.conf
"$NODE" "$CLI" start --config "$DIR/resolver.config.json" > ready.txt 2> log.txt &
node=$!
for i in $(seq 1 600); do grep -q ready ready.txt && break; sleep 0.2; done
say second; setup; cat /etc/resolv.conf
say host; getent ahostsv4 printer.lan
say device; ip netns exec device dig +short +time=5 +tries=2 @192.168.77.1 printer.lan A
say again; setup | tail -1
say undo; setup --undo; cat /etc/resolv.conf; cat resolver.config.json
kill -TERM $node; wait $node; say stopped; echo $?
`

describe.runIf(isRoot)('chordns setup', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-setup-'))
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  it('configures a LAN, makes the machine ask the node once that answers, and takes all of it back', () => {
    const before = {
      local: { records: ['printer.lan A 192.168.77.9'] },
      ring: { enabled: false },
      iterator: { rootHints: 'hints', queryLoopback: true, port: 9 },
      status: { listen: false },
    }
    writeFileSync(join(dir, 'resolver.config.json'), JSON.stringify(before))
    writeFileSync(join(dir, 'hints'), '. 3600 NS ns.test.\nns.test. 3600 A 127.0.0.1\n')
    const env = { ...process.env, DIR: dir, NODE: process.execPath, CLI }
    const out = execFileSync('unshare', ['-mn', 'sh', '-c', SCRIPT], { env, encoding: 'utf8' })
    const said = new Map(
      out
        .split('== ')
        .slice(1)
        .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)] as const),
    )
    const old = 'nameserver 192.168.77.254\n'
    expect(said.get('dry'), out).toContain('192.168.77.0/24')
    expect(said.get('dry')).toMatch(new RegExp(`nothing was written\n${old}$`))
    // Nobody answers yet: the machine keeps the resolver that it has.
    expect(said.get('first')).toContain('Nothing else was changed.')
    expect(said.get('first')).toMatch(new RegExp(`${old}$`))
    expect(said.get('second'), out).toContain('printer.lan is 192.168.77.9')
    expect(said.get('second')).toMatch(/as DNS server .*192\.168\.77\.1/)
    expect(said.get('second')).toContain('\nnameserver 127.0.0.1\n')
    expect(said.get('host')).toContain('192.168.77.9')
    expect(said.get('device')).toBe('192.168.77.9\n')
    expect(said.get('again')).toContain('--undo restores')
    expect(said.get('undo')).toContain(old)
    expect(said.get('undo')).toContain(JSON.stringify(before))
    expect(said.get('stopped')).toBe('0\n')
  })
})

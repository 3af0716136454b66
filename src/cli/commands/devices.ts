/** `chordns devices`: what is known of the devices of the network. */
import type { Command } from 'commander'
import { changesView, type DevicesView, devicesView } from '../../observe/index.ts'
import { examples } from '../common/command.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../common/node-option.ts'
import { askNode, tellNode } from '../common/status-client.ts'
import { print, printJson, table } from '../common/table.ts'

type Flags = NodeFlags & { readonly json?: boolean }

export function addDevicesCommand(program: Command): void {
  const devices = nodeOption(program.command('devices'))
    .description('show the devices of the network: names, MAC addresses and all addresses of each')
    .option('--json', 'print JSON')
    .action(async (flags: Flags) => {
      const view = await askNode(nodeOf(flags), '/devices', {}, devicesView)
      if (flags.json) printJson(view)
      else print(told(view))
    })
  examples(
    devices,
    ['chordns devices', 'chordns devices --json', 'chordns devices name 02:00:00:00:00:01 "Television"'],
    'Names come out of the leases of a DHCP server on this machine, and from the router. What people call a device stands before.',
  )
  examples(
    nodeOption(devices.command('name'))
      .description('call a device by a name, on all boxes of the household')
      .argument('<device>', 'its MAC address, or an address where that is not known')
      .argument('[name]', 'left out: what it calls itself counts again')
      .option('--json', 'print JSON')
      .action(async (device: string, name: string | undefined, _: Flags, command: Command) => {
        const flags = command.optsWithGlobals<Flags>()
        const edits = [{ key: `device/${device.trim().toLowerCase().replaceAll('-', ':')}`, value: name ?? null }]
        const view = await tellNode(nodeOf(flags), '/settings/edit', {}, changesView, JSON.stringify({ edits }))
        if (flags.json) printJson(view)
        else
          print(
            view.changes.length === 0
              ? 'nothing was changed'
              : `${device} is called ${name ?? 'what it calls itself'} now`,
          )
      }),
    ['chordns devices name 02:00:00:00:00:01 Television'],
  )
}

function told({ domain, devices }: DevicesView): string {
  if (domain === null)
    return 'devices are not looked for: this node answers no network (`devices.enabled` in the configuration switches it on)'
  if (devices.length === 0) return 'no device was seen yet'
  const rows = devices.map(({ name, hostName, mac, addresses, sources }) => [
    name ?? '-',
    hostName ?? '-',
    mac ?? '-',
    sources.join(' '),
    addresses.join(' '),
  ])
  return table([['name', 'in DNS', 'MAC', 'known by', 'addresses'], ...rows])
}

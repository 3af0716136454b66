/** What the status API answers of the settings that the boxes of a household have in common. They are private: all of it needs the header. */
import { z } from 'zod'
import { ChordnsError, type Random } from '../../base/index.ts'
import { type DeviceLookup, normalIp, normalMac } from '../../devices/index.ts'
import {
  acts,
  type DevicesView,
  looksUp,
  type RecordsView,
  type SettingsView,
  type StatusRoute,
  takes,
} from '../../observe/index.ts'
import type { SettingEdit, Settings } from '../../settings/index.ts'
import { checkFilterEdit } from '../filtering/list-edits.ts'
import { limits } from '../limits.ts'
import { parsedBody } from '../request-body.ts'
import { checkRecordEdit, compileRecords, RECORD_PREFIX, recordOf, recordSetting, removals } from './records.ts'
import type { SharedNames } from './shared-names.ts'

/** The devices of the network, and what their names are in. */
export interface KnownDevices extends Pick<DeviceLookup, 'all'> {
  readonly domain: string
}

export interface HomeRoutesDeps {
  readonly settings: () => Settings
  readonly names: () => Pick<SharedNames, 'problems'> | undefined
  /** Undefined: none are looked for. */
  readonly devices: () => KnownDevices | undefined
  readonly random: Random
  /** What is told to be done is on the disk. */
  readonly settled: () => Promise<void>
}

const editsBody = z.object({
  edits: z.array(z.object({ key: z.string(), value: z.string().nullable() })).max(2_000),
})
const recordBody = z.object({
  name: z.string().max(1_024),
  type: z.string().max(20).optional(),
  data: z.string().max(4_096).optional(),
  ttl: z.number().int().min(0).max(86_400).optional(),
})

export function homeRoutes(deps: HomeRoutesDeps): Readonly<Record<string, StatusRoute>> {
  const { settings, names, settled } = deps
  return {
    '/settings': looksUp((query) => viewSettings(settings(), query.get('prefix') ?? '')),
    '/settings/edit': takes(limits.MAX_EDITS_BODY, async (_query, _signal, body) => {
      const { edits } = parsedBody(editsBody, body)
      edits.forEach(checkRecordEdit)
      edits.forEach(checkDeviceEdit)
      edits.forEach(checkFilterEdit)
      return edited(deps, edits)
    }),
    '/settings/history': looksUp((query) => {
      const most = Number(query.get('most') ?? '100')
      return { changes: settings().history(Math.max(1, Math.min(limits.MAX_CHANGES_SHOWN, most || 1))) }
    }),
    '/settings/undo': acts(async (query) => {
      const change = settings().undo(query.get('id') ?? undefined)
      await settled()
      return { changes: [change] }
    }),
    '/records': looksUp(() => viewRecords(settings(), names()?.problems ?? [])),
    '/devices': looksUp(() => viewDevices(deps.devices())),
    '/records/add': takes(limits.MAX_EDITS_BODY, (_query, _signal, body) => {
      const { name, type, data, ttl } = parsedBody(recordBody, body)
      return edited(deps, [recordSetting(name, type, data ?? '', ttl)])
    }),
    '/records/remove': takes(limits.MAX_EDITS_BODY, (_query, _signal, body) => {
      const { name, type, data } = parsedBody(recordBody, body)
      const gone = removals(settings().list(RECORD_PREFIX), name, type, data)
      if (gone.length === 0)
        throw new ChordnsError(
          'SETTINGS_UNKNOWN',
          `the household has no such record of ${name}; \`chordns record list\``,
          {
            id: name,
          },
        )
      return edited(deps, gone)
    }),
  }
}

/** A device has one key: its addresses have several forms. What is removed may be of any. Throws SETTINGS_INVALID. */
function checkDeviceEdit({ key, value }: SettingEdit): void {
  if (!key.startsWith(DEVICE_PREFIX) || value === null) return
  const text = key.slice(DEVICE_PREFIX.length)
  const form = normalMac(text) ?? normalIp(text)
  if (form === text) return
  const problem =
    form === undefined ? 'is neither a MAC address nor an IP address' : `is written ${DEVICE_PREFIX}${form}`
  throw new ChordnsError('SETTINGS_INVALID', `${key} ${problem}`, { key, problem })
}

const DEVICE_PREFIX = 'device/'

/** Records that do not go together with those that are there are refused here, where somebody can say what was meant. */
async function edited(
  { settings, random, settled }: HomeRoutesDeps,
  edits: readonly { readonly key: string; readonly value: string | null }[],
) {
  const all = settings()
  if (edits.some(({ key }) => key.startsWith(RECORD_PREFIX))) {
    const before = all.list(RECORD_PREFIX)
    const next = new Map(before.map(({ key, value }) => [key, value]))
    for (const { key, value } of edits)
      if (value === null) next.delete(key)
      else if (key.startsWith(RECORD_PREFIX)) next.set(key, value)
    const seed = random.bytes(8)
    const known = new Set(compileRecords(before, seed).problems)
    const after = [...next].map(([key, value]) => ({ key, value }))
    const problem = compileRecords(after, seed).problems.find((one) => !known.has(one))
    if (problem !== undefined) throw new ChordnsError('SETTINGS_INVALID', problem, { key: 'record', problem })
  }
  const changes = all.edit(edits)
  await settled()
  return { changes }
}

function viewDevices(known: KnownDevices | undefined): DevicesView {
  const devices = (known?.all() ?? []).map(({ id, mac, name, hostName, addresses, sources }) => ({
    id,
    mac: mac ?? null,
    name: name ?? null,
    hostName: hostName ?? null,
    addresses: [...addresses],
    sources: [...sources],
  }))
  return { domain: known?.domain ?? null, devices }
}

function viewSettings(settings: Settings, prefix: string): SettingsView {
  return { shared: settings.isShared, settings: [...settings.list(prefix)] }
}

function viewRecords(settings: Settings, problems: readonly string[]): RecordsView {
  const records = settings.list(RECORD_PREFIX).flatMap((one) => recordOf(one) ?? [])
  return { shared: settings.isShared, records, problems: [...problems] }
}

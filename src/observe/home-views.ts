/** What the status API says of a household: settings that its boxes have in common, local records, devices. */
import { z } from 'zod'

export const settingsView = z.object({
  /** Whether the other boxes of the ring have them, too. */
  shared: z.boolean(),
  settings: z.array(z.object({ key: z.string(), value: z.string() })),
})
export type SettingsView = z.infer<typeof settingsView>

const settingChange = z.object({
  id: z.string(),
  key: z.string(),
  /** Null: it was removed. */
  value: z.string().nullable(),
  /** Null: there was nothing, as far as this box knows. */
  before: z.string().nullable(),
  /** Peer id of the box where it was changed. */
  by: z.string(),
  /** Unix ms. */
  at: z.number(),
  isCurrent: z.boolean(),
})

/** The newest first. */
export const changesView = z.object({ changes: z.array(settingChange) })
export type ChangesView = z.infer<typeof changesView>

export const recordsView = z.object({
  shared: z.boolean(),
  records: z.array(z.object({ name: z.string(), type: z.string(), data: z.string(), ttl: z.number() })),
  /** What is there and is not served, in words. */
  problems: z.array(z.string()),
})
export type RecordsView = z.infer<typeof recordsView>

export const devicesView = z.object({
  /** The domain that their names are in; null: no devices are looked for. */
  domain: z.string().nullable(),
  devices: z.array(
    z.object({
      /** MAC address; where that is not known, an address. */
      id: z.string(),
      mac: z.string().nullable(),
      name: z.string().nullable(),
      /** In DNS. */
      hostName: z.string().nullable(),
      addresses: z.array(z.string()),
      sources: z.array(z.string()),
    }),
  ),
})
export type DevicesView = z.infer<typeof devicesView>

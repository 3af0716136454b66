/** What the boxes of a household are called: each says its own host name once, and whoever likes gives it another one. */
import type { PeerId } from '../../base/index.ts'
import type { Settings } from '../../settings/index.ts'
import { limits } from '../limits.ts'

const PREFIX = 'box/'

export function boxName(settings: Pick<Settings, 'get'>, peer: PeerId): string | undefined {
  return settings.get(`${PREFIX}${peer}`)
}

/** Not where others do not see it, nor where somebody gave this box a name. */
export function sayOwnName(settings: Settings, self: PeerId, hostName: string): void {
  const name = hostName.replace(/\p{C}/gu, '').trim().slice(0, limits.MAX_BOX_NAME)
  if (settings.isShared && name !== '' && boxName(settings, self) === undefined)
    settings.edit([{ key: `${PREFIX}${self}`, value: name }])
}

/** `told by PEER` with the name behind it. */
export function withBoxNames(settings: Pick<Settings, 'list'>, text: string): string {
  for (const { key, value } of settings.list(PREFIX)) {
    const peer = key.slice(PREFIX.length)
    if (text.includes(peer)) return text.replace(peer, `${peer} (${value})`)
  }
  return text
}

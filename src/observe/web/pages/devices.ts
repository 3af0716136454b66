/** Devices and their names, blocking with its lists and groups, and names of one's own: what the boxes of a household share. */

import { html } from '../html.ts'
import { Panel } from '../parts.ts'
import { t } from '../texts.ts'
import { Changes } from './changes.ts'
import { DeviceList } from './device-list.ts'
import { Records } from './records.ts'
import { Rules } from './rules.ts'

export function Devices() {
  return html`<${Panel} title=${t('devices.title')} wide><${DeviceList} /><//>
    <${Rules} />
    <${Panel} title=${t('records.title')} wide><${Records} /><//>
    <${Panel} title=${t('records.history')} wide><${Changes} /><//>`
}

/** Devices and their names, blocking, and names of one's own: what the boxes of a household share. */

import { html } from '../html.ts'
import { Panel } from '../parts.ts'
import { t } from '../texts.ts'
import { Blocking } from './blocking.ts'
import { DeviceList } from './device-list.ts'
import { Records } from './records.ts'

export function Devices() {
  return html`<${Panel} title=${t('devices.title')} wide><${DeviceList} /><//>
    <${Panel} title=${t('rules.title')} wide><${Blocking} /><//>
    <${Panel} title=${t('records.title')} wide><${Records} /><//>`
}

/** Who is on this network, as far as the node knows, and what they are called. */
import { useState } from 'preact/hooks'
import { type Refused, tell } from '../api.ts'
import { html } from '../html.ts'
import { Loading, refusedOf, Trouble, useAsked } from '../parts.ts'
import { t } from '../texts.ts'

interface Device {
  readonly id: string
  readonly mac?: string | null
  readonly name?: string | null
  readonly addresses: readonly string[]
}

export function DeviceList() {
  const { value, error, again } = useAsked<{ devices: readonly Device[] }>('/devices')
  const [failed, setFailed] = useState<Refused | undefined>(undefined)
  if (error?.code === 'NOT_FOUND') return html`<p class="note">${t('devices.missing')}</p>`
  if (value === undefined) return error === undefined ? html`<${Loading} />` : html`<${Trouble} error=${error} />`
  if (value.devices.length === 0) return html`<p class="note">${t('devices.none')}</p>`
  const rename = (device: Device, name: string) =>
    tell(
      '/settings/edit',
      {},
      { edits: [{ key: `device/${device.mac ?? device.id}`, value: name === '' ? null : name }] },
    ).then(again, (failure: unknown) => setFailed(refusedOf(failure)))
  return html`<${Trouble} error=${failed} />
    <table class="cards">
      <thead><tr><th scope="col">${t('word.name')}</th><th scope="col">${t('ring.addresses')}</th><th scope="col">${t('devices.mac')}</th></tr></thead>
      <tbody>${value.devices.map((device) => html`<${Row} key=${device.id} device=${device} rename=${rename} />`)}</tbody>
    </table>`
}

function Row({ device, rename }: { device: Device; rename: (device: Device, name: string) => void }) {
  const submit = (event: Event) => {
    event.preventDefault()
    rename(device, String(new FormData(event.target as HTMLFormElement).get('name')).trim())
  }
  return html`<tr>
    <td>
      <form class="bar" onSubmit=${submit}>
        <input name="name" maxlength="63" value=${device.name ?? ''} aria-label=${t('devices.rename', { mac: device.mac ?? device.id })} />
        <button type="submit" class="quiet">${t('devices.save')}</button>
      </form>
    </td>
    <td class="name">${device.addresses.join('  ')}</td>
    <td><code>${device.mac ?? '–'}</code></td>
  </tr>`
}

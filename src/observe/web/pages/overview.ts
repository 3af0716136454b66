/** What the node does, at a glance. */
import { useEffect, useState } from 'preact/hooks'
import type { OverviewView, PulseView, SeriesView } from '../../dashboard-views.ts'
import { ask } from '../api.ts'
import { Chart } from '../chart.ts'
import { bytes, count, ms, percent, span as spanText } from '../format.ts'
import { html } from '../html.ts'
import { Loading, Panel, Tile } from '../parts.ts'
import { pulse, theme } from '../state.ts'
import { maybe, t } from '../texts.ts'

const SPANS = ['minutes', 'day', 'month'] as const
type Span = (typeof SPANS)[number]
/** Rows of a series of seconds, and how often the others are asked for anew. */
const LENGTH = 900
const AGAIN_MS = 30_000

const COLUMNS = ['queries', 'atOnce', 'failed', 'p50', 'p95'] as const
type Shown = { readonly at: readonly number[] } & Readonly<Record<(typeof COLUMNS)[number], readonly number[]>>

export function Overview() {
  const [span, setSpan] = useState<Span>('minutes')
  const [series, setSeries] = useState<Shown | undefined>(undefined)
  const now = pulse.value
  useEffect(() => {
    let isOver = false
    const look = () =>
      ask<OverviewView>('/overview', { span }).then(
        (view) => {
          if (isOver) return
          setSeries(shownOf(view.series))
          pulse.value ??= view.pulse
        },
        () => {},
      )
    void look()
    const timer = setInterval(look, AGAIN_MS)
    return () => {
      isOver = true
      clearInterval(timer)
    }
  }, [span])
  useEffect(() => {
    if (now !== undefined && span === 'minutes') setSeries((before) => before && withPulse(before, now))
  }, [now])
  if (now === undefined) return html`<${Loading} />`
  return html`<${Tiles} now=${now} />
    <div class="bar">
      <span id="span-label">${t('overview.span')}</span>
      <div class="choice" role="group" aria-labelledby="span-label">
        ${SPANS.map(
          (name) =>
            html`<button type="button" aria-pressed=${name === span} onClick=${() => setSpan(name)}>${t(`overview.span.${name}`)}</button>`,
        )}
      </div>
    </div>
    ${series === undefined ? html`<${Loading} />` : html`<${Charts} series=${series} />`}
    <div class="columns">
      <${Shares} now=${now} />
      <${Failures} now=${now} />
    </div>`
}

function Tiles({ now }: { now: PulseView }) {
  const { queries, atOnce, latency, outcomes, lastSecond, members, upstreamQueries, timeouts } = now
  return html`<dl class="tiles">
    <${Tile} label=${t('overview.queries')} value=${count(queries)} hint=${t('overview.perSecond', { n: count(lastSecond.queries) })} />
    <${Tile} label=${t('overview.atOnce')} value=${percent(atOnce, queries)} hint=${t('overview.atOnceHint')} />
    <${Tile} label=${t('overview.latency')} value=${ms(latency.p50)} hint=${t('overview.p99', { ms: ms(latency.p99) })} />
    <${Tile} label=${t('overview.failed')} value=${count(outcomes['failed'] ?? 0)} hint=${t('overview.failedPart', { part: percent(outcomes['failed'] ?? 0, queries) })} />
    <${Tile} label=${t('overview.blocked')} value=${count(outcomes['blocked'] ?? 0)} hint=${t('overview.failedPart', { part: percent(outcomes['blocked'] ?? 0, queries) })} />
    <${Tile} label=${t('overview.members')} value=${count(members)} hint=${members === 0 ? t('overview.noRing') : members === 1 ? t('overview.alone') : ''} />
    <${Tile} label=${t('overview.cache')} value=${count(now.cacheEntries)} hint=${bytes(now.cacheBytes)} />
    <${Tile} label=${t('overview.upstream')} value=${count(upstreamQueries)} hint=${t('overview.timeouts', { part: percent(timeouts, upstreamQueries) })} />
    <${Tile} label=${t('overview.up')} value=${spanText(now.uptimeSeconds)} hint=${t('overview.memory', { bytes: bytes(now.rssBytes) })} />
  </dl>`
}

function Charts({ series }: { series: Shown }) {
  const { at, queries, atOnce, failed, p50, p95 } = series
  const names = ['queries', 'atOnce', 'failed'] as const
  const colours = ['blue', 'teal', 'red'] as const
  return html`<div class="columns">
    <${Panel} title=${t('overview.chart.queries')}>
      <${Chart}
        title=${t('overview.chart.queries')}
        theme=${theme.value}
        lines=${names.map((name, i) => ({ label: t(`overview.series.${name}`), colour: colours[i] }))}
        data=${[at, queries, atOnce, failed]}
      />
    <//>
    <${Panel} title=${t('overview.chart.latency')}>
      <${Chart}
        title=${t('overview.chart.latency')}
        theme=${theme.value}
        lines=${[
          { label: t('overview.series.p50'), colour: 'teal' },
          { label: t('overview.series.p95'), colour: 'orange' },
        ]}
        data=${[at, p50, p95]}
      />
    <//>
  </div>`
}

function Shares({ now: { outcomes } }: { now: PulseView }) {
  const rows = Object.entries(outcomes).filter(([, value]) => value > 0)
  const whole = rows.reduce((sum, [, value]) => sum + value, 0)
  if (whole === 0)
    return html`<${Panel} title=${t('overview.shares')}><p class="muted">${t('overview.nothing')}</p><//>`
  return html`<${Panel} title=${t('overview.shares')}>
    <div class="shares" aria-hidden="true">
      ${rows.map(([name, value]) => html`<span class=${`share ${name}`} style=${{ flexGrow: value }}></span>`)}
    </div>
    <ul class="key">
      ${rows.map(
        ([name, value]) =>
          html`<li><span class=${`share ${name}`}></span><span>${maybe(`outcome.${name}`)}</span><b>${percent(value, whole)}</b></li>`,
      )}
    </ul>
  <//>`
}

function Failures({ now: { failures } }: { now: PulseView }) {
  const rows = Object.entries(failures).sort(([, one], [, other]) => other - one)
  return html`<${Panel} title=${t('overview.failures')}>
    ${
      rows.length === 0
        ? html`<p class="muted">${t('overview.noFailures')}</p>`
        : html`<ul class="key">
            ${rows.map(
              ([code, value]) =>
                html`<li><span>${maybe(`ede.${code}`, `EDE ${code}`)}</span><b>${count(value)}</b></li>`,
            )}
          </ul>`
    }
  <//>`
}

function shownOf({ at, columns }: SeriesView): Shown {
  return { at, ...columns }
}

/** The second that is over, at the end. */
function withPulse(before: Shown, { at, lastSecond }: PulseView): Shown {
  const second = Math.floor(at / 1_000)
  if (before.at.at(-1) === second) return before
  const add = (column: readonly number[], value: number) => [...column, value].slice(-LENGTH)
  return {
    at: add(before.at, second),
    queries: add(before.queries, lastSecond.queries),
    atOnce: add(before.atOnce, lastSecond.atOnce),
    failed: add(before.failed, lastSecond.failed),
    p50: add(before.p50, lastSecond.p50),
    p95: add(before.p95, lastSecond.p95),
  }
}

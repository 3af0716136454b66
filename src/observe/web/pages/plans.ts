/** Parts of the week in which more is blocked: in words, and the fields that make one. */
import { useRef } from 'preact/hooks'
import type { FilterView } from '../../filter-views.ts'
import { html } from '../html.ts'
import { language, t } from '../texts.ts'
import { Choice } from './lists.ts'

export type Plan = FilterView['groups'][number]['plans'][number]

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

/** "sun,mon 21:00-07:00" in the words of the reader. */
export function planText({ when, lists }: Plan): string {
  const [days = '', times = ''] = when.split(' ')
  const named = days.split(',')
  const shown = named.length === DAYS.length ? t('plans.daily') : named.map(dayText).join(', ')
  const held = lists === 'everything' ? t('plans.everything') : t('plans.also', { lists: lists.join(', ') })
  return `${shown} ${times.replace('-', '–')}: ${held}`
}

/** 1 January 2023 was a Sunday. */
function dayText(day: string): string {
  const at = new Date(2023, 0, 1 + (DAYS as readonly string[]).indexOf(day))
  return new Intl.DateTimeFormat(language.value, { weekday: 'short' }).format(at)
}

interface PlansProps {
  readonly plans: readonly Plan[]
  readonly lists: readonly string[]
  readonly change: (plans: readonly Plan[]) => void
}

/** Not a form of its own: it stands in one. */
export function Plans({ plans, lists, change }: PlansProps) {
  const fields = useRef<HTMLFieldSetElement>(null)
  const add = () => {
    const plan = fields.current === null ? undefined : planOf(fields.current)
    if (plan !== undefined) change([...plans.filter(({ when }) => when !== plan.when), plan])
  }
  return html`<ul class="key">
      ${plans.map((plan) => {
        const text = planText(plan)
        const less = () => change(plans.filter((one) => one !== plan))
        return html`<li key=${plan.when}><span>${text}</span><button type="button" class="quiet" onClick=${less} aria-label=${`${t('word.remove')} ${text}`}>${t('word.remove')}</button></li>`
      })}
    </ul>
    <fieldset ref=${fields}><legend>${t('plans.new')}</legend>
      <${Choice} legend=${t('plans.days')} name="day" all=${DAYS} textOf=${dayText} />
      <div class="bar">
        <label>${t('plans.begin')}<input name="begin" type="time" defaultValue="21:00" /></label>
        <label>${t('plans.end')}<input name="end" type="time" defaultValue="07:00" /></label>
      </div>
      <${Choice} legend=${t('plans.lists')} name="also" all=${lists} />
      <p class="muted">${t('plans.hint')}</p>
      <button type="button" onClick=${add}>${t('plans.add')}</button>
    </fieldset>`
}

/** No day is every day; no list is everything. Undefined: a time is missing. */
function planOf(fields: HTMLFieldSetElement): Plan | undefined {
  const ticked = (name: string) =>
    [...fields.querySelectorAll<HTMLInputElement>(`input[name=${name}]:checked`)].map(({ value }) => value)
  const time = (name: string) => fields.querySelector<HTMLInputElement>(`input[name=${name}]`)?.value ?? ''
  const [days, lists, from, to] = [ticked('day'), ticked('also'), time('begin'), time('end')]
  if (from === '' || to === '') return undefined
  const when = `${(days.length === 0 ? DAYS : days).join(',')} ${from}-${to}`
  return { when, lists: lists.length === 0 ? 'everything' : lists }
}

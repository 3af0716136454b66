/** What somebody changes of what the household shares: step by step, what became of it in words, and one button that takes it back. */
import { useState } from 'preact/hooks'
import type { ChangesView } from '../../home-views.ts'
import { type Refused, tell } from '../api.ts'
import { html } from '../html.ts'
import { refusedOf, Trouble } from '../parts.ts'
import { edits } from '../state.ts'
import { t } from '../texts.ts'

/** A path of the status API, and what it is told. */
export type EditStep = readonly [path: string, body: object]

export interface Editing {
  readonly failed: Refused | undefined
  readonly done: { readonly text: string; readonly ids: readonly string[] } | undefined
  /** Resolves to whether all of it was done. */
  readonly edit: (steps: readonly EditStep[], text: string) => Promise<boolean>
  /** The same of what is no setting. */
  readonly act: (work: Promise<unknown>, text?: string) => Promise<boolean>
  readonly undo: () => Promise<boolean>
}

/** `again`: looks anew at what is shown. */
export function useEditing(again: () => void): Editing {
  const [failed, setFailed] = useState<Refused | undefined>(undefined)
  const [done, setDone] = useState<Editing['done']>(undefined)
  const ended = (next: Editing['done'], failure?: unknown) => {
    setDone(next)
    setFailed(failure === undefined ? undefined : refusedOf(failure))
    edits.value++
    again()
    return failure === undefined
  }
  const act = (work: Promise<unknown>, text?: string) =>
    work.then(
      () => ended(text === undefined ? undefined : { text, ids: [] }),
      (failure: unknown) => ended(undefined, failure),
    )
  return {
    failed,
    done,
    act,
    async edit(steps, text) {
      const ids: string[] = []
      try {
        for (const [path, body] of steps) {
          const { changes } = await tell<ChangesView>(path, {}, body)
          ids.unshift(...changes.map(({ id }) => id).toReversed())
        }
      } catch (failure) {
        // What was done before it can be taken back.
        return ended(ids.length === 0 ? undefined : { text: t('edits.part'), ids }, failure)
      }
      return ended({ text: ids.length === 0 ? t('edits.nothing') : text, ids })
    },
    undo: () => act(takeBack(done?.ids ?? []), t('edits.undone')),
  }
}

/** The newest first. */
async function takeBack(ids: readonly string[]): Promise<void> {
  for (const id of ids) await tell('/settings/undo', { id })
}

/** Read out by screen readers when it changes. */
export function Told({ editing: { failed, done, undo } }: { editing: Editing }) {
  const isUndoable = done !== undefined && done.ids.length > 0
  return html`<${Trouble} error=${failed} />
    <p role="status">${
      done === undefined
        ? null
        : html`${done.text} ${isUndoable ? html`<button type="button" class="quiet" onClick=${undo}>${t('word.undo')}</button>` : null}`
    }</p>`
}

/** All texts of the pages by key, in English and German. A test holds both to the same keys and the same gaps. */
import { signal } from '@preact/signals'
import { de } from './texts-de.ts'
import { en, type TextKey } from './texts-en.ts'

export type { TextKey }
export type Language = 'en' | 'de'

const LANGUAGE = 'chordns-language'

export const language = signal<Language>(chosenLanguage())

function chosenLanguage(): Language {
  const kept = localStorage.getItem(LANGUAGE) ?? navigator.language
  return kept.startsWith('de') ? 'de' : 'en'
}

export function chooseLanguage(next: Language): void {
  language.value = next
  localStorage.setItem(LANGUAGE, next)
  document.documentElement.lang = next
}

/** `{gap}` in a text is filled from `gaps`. */
export function t(key: TextKey, gaps: Readonly<Record<string, string | number>> = {}): string {
  const text: string = (language.value === 'de' ? de : en)[key]
  return text.replace(/\{(\w+)\}/g, (whole, gap: string) => String(gaps[gap] ?? whole))
}

/** A text whose key is put together; the key itself, or what `otherwise` says, where there is none. */
export function maybe(key: string, otherwise = key): string {
  return Object.hasOwn(en, key) ? t(key as TextKey) : otherwise
}

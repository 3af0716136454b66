/** What a browser gets: scripts whose imports all lead to a file that is served, and texts in both languages. */
import { describe, expect, it } from 'vitest'
import { createPages } from '../../../src/observe/index.ts'
import { de } from '../../../src/observe/web/texts-de.ts'
import { en } from '../../../src/observe/web/texts-en.ts'

const pages = createPages()
const textOf = (path: string) => Buffer.from(pages(path)!.body).toString('utf8')

/** The paths that a script imports. */
function importsOf(path: string): string[] {
  const found = [...textOf(path).matchAll(/(?:from|import)\s*(["'])([^"'\n]+)\1/g)].map(([, , name]) => name!)
  return found.map((name) => (name.startsWith('.') ? new URL(name, `http://here${path}`).pathname : name))
}

describe('the files of the dashboard', () => {
  it('are complete: what a script imports is there, and no name of a package is left', () => {
    const [seen, left] = [new Set<string>(), ['/web/app.js']]
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      if (seen.has(path)) continue
      seen.add(path)
      for (const next of importsOf(path)) {
        expect(next, `imported by ${path}`).toMatch(/^\/web\/.*\.js$/)
        expect(pages(next), `${next}, imported by ${path}`).toBeDefined()
        left.push(next)
      }
    }
    expect([...seen].filter((path) => path.startsWith('/web/pages/')).length).toBeGreaterThanOrEqual(7)
    expect([...seen].filter((path) => path.startsWith('/web/vendor/'))).toHaveLength(7)
  })

  it('have a policy without anything unsafe, and send no referrer', () => {
    for (const path of ['/', '/web/app.js', '/web/style.css', '/web/icon.svg', '/web/vendor/uplot.css']) {
      const { headers } = pages(path)!
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/)
      expect(headers['content-security-policy']).not.toContain('unsafe')
      expect(headers['referrer-policy']).toBe('no-referrer')
    }
    expect(textOf('/')).not.toMatch(/<script(?![^>]*src=)|style=| on[a-z]+=/)
  })

  it.each([
    '/web/../index.ts',
    '/web/..%2f..%2fpackage.json',
    '/web/app.ts',
    '/web/tsconfig.json',
    '/web/vendor/zod.js',
    '/web/',
    '/web/vendor/../app.js',
  ])('do not have %s', (path) => expect(pages(path)).toBeUndefined())

  it('are loaded without types of TypeScript, and by no other address', () => {
    expect(textOf('/web/state.js')).not.toContain('interface ')
    for (const path of ['/web/app.js', '/web/style.css']) expect(textOf(path)).not.toMatch(/https?:\/\//)
  })
})

describe('the texts', () => {
  it('are there in German and English, with the same gaps', () => {
    const gaps = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([gap]) => gap).sort()
    expect(Object.keys(de)).toEqual(Object.keys(en))
    for (const [key, text] of Object.entries(en)) expect(gaps(de[key as keyof typeof de]), key).toEqual(gaps(text))
  })
})

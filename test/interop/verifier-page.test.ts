/** The page that checks proofs, opened in a browser from a file, with what a person would hand to it: the same words as in Node. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifierPage } from '../../scripts/verifier/build.ts'
import { bytesOfFile, verify } from '../../scripts/verifier/given.ts'
import { type Report, report } from '../../scripts/verifier/report.ts'
import { chromiumHere, openTab, type Tab } from '../scripts/chromium.ts'
import { type ProofVector, proofVectors } from '../scripts/proof-vectors.ts'

const program = chromiumHere()
if (program === undefined) console.warn('skipped: the test of the page that checks proofs needs chromium')

/** What a person sees. */
interface Shown {
  readonly kind: string
  readonly headline: string
  readonly advice: string
  readonly sections: readonly (readonly string[])[]
}

const SHOWN = `(() => {
  const [banner, ...sections] = document.querySelector('#verdict').children
  const words = (within, selector) => [...within.querySelectorAll(selector)].map((one) => one.innerText)
  return {
    kind: banner.className,
    headline: banner.querySelector('h2').innerText,
    advice: banner.querySelector('p').innerText,
    sections: sections.map((one) => words(one, 'h3, dt, dd, li')),
  }
})()`

describe.skipIf(program === undefined)('the page that checks proofs, in a browser', () => {
  const directory = mkdtempSync(join(tmpdir(), 'chordns-page-'))
  const at = (name: string) => join(directory, name)
  const page = pathToFileURL(at('index.html')).href
  let tab: Tab

  beforeAll(async () => {
    writeFileSync(at('index.html'), await verifierPage())
    tab = await openTab(program!)
    await tab.open(page)
  })
  afterAll(async () => {
    await tab?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  async function fill({ given, file, wanted, now }: ProofVector): Promise<Shown> {
    await tab.evaluate('document.forms[0].reset()')
    writeFileSync(at('name.proof'), file)
    await tab.chooseFile('[name=proof]', at('name.proof'))
    const isBlock = typeof given === 'string'
    if (!isBlock) {
      writeFileSync(at('genesis.json'), given)
      await tab.chooseFile('[name=genesis]', at('genesis.json'))
    }
    await tab.evaluate(`{
      Date.now = () => ${now}
      const { block, name } = document.forms[0].elements
      block.value = ${JSON.stringify(isBlock ? given : '')}
      name.value = ${JSON.stringify(wanted)}
      document.querySelector('#verdict').replaceChildren()
      document.querySelector('button').click()
    }`)
    await tab.evaluate(`new Promise((done) => {
      const look = () => document.querySelector('#verdict').children.length > 0 ? done() : setTimeout(look, 5)
      look()
    })`)
    return tab.evaluate<Shown>(SHOWN)
  }

  function inNode({ given, file, wanted, now }: ProofVector): Report | undefined {
    try {
      return report(verify(given, bytesOfFile(file), now), wanted, now)
    } catch {
      return undefined
    }
  }

  it.each(proofVectors())('says of $what what Node says', async (vector) => {
    const shown = await fill(vector)
    expect(shown).toMatchObject({ ...vector.says, advice: expect.stringMatching(vector.says.advice) })
    const told = inNode(vector)
    if (told === undefined) return
    const { kind, headline, advice, sections, checked } = told
    const listed = sections.map(({ title, rows }) => [title, ...rows.flat()])
    const steps = checked.length === 0 ? [] : [['What was checked', ...checked]]
    expect(shown).toEqual({ kind, headline, advice, sections: [...listed, ...steps] })
  })

  it('shows who signed, how old it is, and what was checked', async () => {
    const [good] = proofVectors()
    const { sections } = await fill(good!)
    expect(sections.map(([title]) => title)).toEqual([
      'What the ledger says of shop.example',
      'Who signed it',
      'How old it is',
      'What was checked',
    ])
    expect(sections.flat()).toContain('3 of 4 signed; 3 are needed')
    expect(sections.flat()).toContain('10 seconds, by the clock of this machine')
    const picture = process.env['CHORDNS_PICTURE']
    if (picture !== undefined) writeFileSync(picture, await tab.picture())
  })

  it('asks for what it needs', async () => {
    const [good] = proofVectors()
    const shown = await fill({ ...good!, given: '' })
    expect(shown).toMatchObject({ kind: 'refused', advice: expect.stringContaining('say what you trust') })
  })

  it('requests nothing, and may not', async () => {
    expect(tab.requested.filter((url) => url !== page && url !== 'data:,')).toEqual([])
    expect(tab.complaints).toEqual([])
    let heard = 0
    const server = createServer((_, response) => response.end(String(++heard)))
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    expect(await tab.evaluate(`fetch('${url}', { mode: 'no-cors' }).then(() => 'sent', () => 'refused')`)).toBe(
      'refused',
    )
    await tab.evaluate(`new Promise((done) => {
      const image = new Image()
      image.onload = image.onerror = done
      image.src = '${url}'
    })`)
    // A script that somebody brings in does not run, and a form is not sent.
    const added = `(() => { const one = document.createElement('script'); try { one.text = 'globalThis.ran = 1' } catch {} ; document.body.append(one); return typeof ran })()`
    expect(await tab.evaluate(added)).toBe('undefined')
    server.close()
    expect(heard).toBe(0)
  })
})

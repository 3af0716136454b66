/**
 * The dashboard in headless Chromium, as a person uses it: two boxes of a ring in front of a small Internet, a third that is let in by the page, and the pages of the first. With
 * CHORDNS_PICTURES=directory each page is written there as pictures of a desk's and of a phone's width.
 */
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumHere } from '../scripts/chromium.ts'
import { type Cluster, type PeerProcess, startCluster } from '../world/cluster.ts'
import { ask, createWorld, demoSpec, signWorld, texts, type World } from '../world/index.ts'
import { allKnow, CLI, nodeOf, PATIENCE_MS, said, until } from './scenes/asking.ts'
import { scanQr } from './scenes/scan-qr.ts'

const program = chromiumHere()
if (program === undefined) console.warn('skipped: the test of the dashboard needs chromium')

const PAGES = ['overview', 'queries', 'explain', 'ring', 'names', 'devices', 'settings'] as const
/** Number of the box that is let in. */
const THIRD = 2
const LISTS_ADDRESS = '10.9.0.80'
const pictures = process.env['CHORDNS_PICTURES']
/** Names that nobody has asked for yet, so that there is a way to show. */
const EXPLAINED = { 1280: 'explain?name=www.example.net&type=A', 390: 'explain?name=www.example.info&type=A' } as const
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

describe.skipIf(program === undefined)('the dashboard in a browser', () => {
  let world: World
  let cluster: Cluster
  let box: PeerProcess
  let browser: Browser
  let context: BrowserContext
  let page: Page
  /** Requests to other hosts, and what the console, the policy or a script complained about. */
  const strangers: string[] = []
  const complaints: string[] = []

  /** What the server of lists has by path, and where it is. */
  const served: Record<string, string> = {}
  let lists: Server
  let listsAt = ''
  /** What the third box read off the page. */
  let scanned = ''

  const origin = () => `http://127.0.0.1:${box.statusPort}`
  const open = (where: string) => page.goto(`${origin()}/#/${where}`)
  const resolve = (name: string) => ask({ address: box.address, port: box.port }, { name })
  const shows = (text: string | RegExp) => page.getByText(text).first().waitFor()

  const panel = (title: string) =>
    page.locator('section', { has: page.getByRole('heading', { name: title, exact: true }) })
  const row = (name: string) => page.getByRole('row', { name: new RegExp(`^${name}\\b`) })
  const codeOf = async (name: string) => (await resolve(name)).rcode

  beforeAll(async () => {
    lists = createServer(({ url = '' }, response) => {
      response.writeHead(url in served ? 200 : 404).end(served[url] ?? '')
    })
    const address = addressOfLan()
    await new Promise<void>((done) => void lists.listen(0, address, done))
    listsAt = `http://${address}:${(lists.address() as AddressInfo).port}`
    const signed = signWorld(demoSpec(), { '.': {}, 'com.': {}, 'org.': {}, 'example.com.': {} })
    world = await createWorld(signed.spec)
    cluster = await startCluster({
      peers: 2,
      hints: world.hintsText(),
      authorityPort: world.port,
      anchors: signed.anchorText,
      replicas: 2,
      admitAfter: 1,
      config: { ring: { acceptFrom: 'any-member' } },
      own: async (index, data) => ({
        queries: { privacy: 'full' },
        ...(index === THIRD && { ring: await ringByToken(scanned, data) }),
      }),
    })
    box = cluster.peers[0]!
    await allKnow(cluster.peers)
    browser = await chromium.launch({
      executablePath: execFileSync('which', [program!], { encoding: 'utf8' }).trim(),
      args: ['--no-sandbox', '--disable-quic'],
    })
    context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB' })
    context.setDefaultTimeout(PATIENCE_MS)
    page = await context.newPage()
    page.on('request', (request) => {
      if (!request.url().startsWith(origin())) strangers.push(request.url())
    })
    page.on('console', (message) => {
      if (message.type() === 'error' && !/status of 40[014]/.test(message.text())) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
  })
  afterAll(async () => {
    await browser?.close()
    lists?.close()
    await cluster?.stop()
    await world?.stopAll()
  })

  it('counts on its overview what is asked while it is open', async () => {
    await resolve('www.example.com')
    await resolve('www.example.org')
    await open('overview')
    const tile = page.locator('.tile', { hasText: 'Queries' }).locator('dd')
    await until('both questions are counted', async () => Number.parseInt((await tile.textContent()) ?? '', 10) >= 2)
    await resolve('mail.example.com')
    await until('the third is, too', async () => Number.parseInt((await tile.textContent()) ?? '', 10) >= 3)
    await shows('signed by the zone, verified here')
  })

  it('shows a question in the moment it is asked, and finds it again', async () => {
    await open('queries')
    await shows('www.example.org')
    await resolve('ftp.example.com')
    await shows('ftp.example.com')
    await page.getByLabel('Part of a name').fill('example.org')
    await page.getByText('ftp.example.com').first().waitFor({ state: 'detached' })
    await shows('www.example.org')
  })

  it('forgets names when nothing is to be kept, and says so', async () => {
    await page.getByLabel('Part of a name').fill('')
    await page.getByLabel('What is kept of each question').selectOption('off')
    await page.getByRole('button', { name: 'Apply' }).click()
    await shows(/No names are kept/)
    await page.getByLabel('What is kept of each question').selectOption('full')
    await page.getByRole('button', { name: 'Apply' }).click()
    await shows('No question fits.')
    await resolve('www.example.com')
    await shows('www.example.com')
  })

  it('explains a look-up: the servers that were asked, and who vouches for it', async () => {
    await open('queries')
    await page.getByRole('link', { name: 'Explain: www.example.com' }).first().click()
    await shows('the zone itself, by its signatures')
    await page.getByRole('textbox', { name: 'Name' }).fill('late.example.org')
    await page.getByRole('button', { name: 'Look up' }).click()
    await page.locator('.way li.query').first().waitFor()
    await page.getByText('NXDOMAIN').first().waitFor()
  })

  it('draws the ring, marks the replicas of a name, and cuts no label', async () => {
    await open('ring')
    await page.getByLabel('Mark the replicas of a name').fill('www.example.org')
    await page.getByRole('button', { name: 'Mark' }).click()
    await page.locator('svg.ring .replica').first().waitFor()
    expect(await page.locator('svg.ring .member').count()).toBe(2)
    expect(await labelsCut(page)).toEqual([])
  })

  it('makes an invitation for who has signed in by the address of `chordns dashboard`, and nobody else', async () => {
    await shows(/Only who has signed in/)
    const refused = await page.evaluate(
      `fetch('/ring/invitation', { method: 'POST', headers: { 'x-chordns': '1' } }).then(({ status }) => status)`,
    )
    expect(refused).toBe(401)
    const command = [CLI, 'dashboard', '--config', box.configFile, ...nodeOf(box)]
    const { stdout } = await promisify(execFile)(process.execPath, command)
    await page.goto(stdout.trim().replace('/#/overview', '/#/ring'))
    await page.reload()
    await page.getByRole('button', { name: 'Make an invitation' }).click()
    await page.getByRole('img', { name: 'QR code of the invitation' }).waitFor()
    expect(await page.locator('pre.token').textContent()).toMatch(/^[\w.-]{40,}$/)
    expect(page.url()).not.toContain('key=')
  })

  it('lets a third box in, which scans the QR code of the invitation', async () => {
    await page.emulateMedia({ colorScheme: 'light' })
    scanned = scanQr(await page.getByRole('img', { name: 'QR code of the invitation' }).screenshot())
    expect(scanned).toBe(await page.locator('pre.token').textContent())
    const third = await cluster.start(THIRD)
    await allKnow(cluster.peers)
    await page.locator('svg.ring .member').nth(2).waitFor()
    expect(
      texts((await ask({ address: third.address, port: third.port }, { name: 'www.example.com' })).answers),
    ).not.toEqual([])
  })

  it('gives the household a name of its own, which the node answers at once, and takes it back', async () => {
    await open('devices')
    await page.getByLabel('Name', { exact: true }).fill('nas.home.arpa')
    await page.getByLabel('Data').fill('192.0.2.20')
    await panel('Names of your own').getByRole('button', { name: 'Add' }).click()
    await shows('nas.home.arpa A 192.0.2.20')
    await until('it is answered', async () => texts((await resolve('nas.home.arpa')).answers).includes('A 192.0.2.20'))
    await page.getByRole('button', { name: /^Remove nas.home.arpa/ }).click()
    await until('it is gone', async () => (await resolve('nas.home.arpa')).answers.length === 0)
  })

  it('says why a name is answered so, blocks it there, pauses, and lets it be again', async () => {
    const name = 'www.example.org'
    const isBlocked = async () => texts((await resolve(name)).answers).includes('A 0.0.0.0')
    const isResolved = async () => !(await isBlocked())
    const dialog = page.getByRole('dialog')
    await resolve(name)
    await open('queries')
    await page
      .getByRole('button', { name: `Why? ${name}` })
      .first()
      .click()
    await dialog.getByText('No list and no rule concerns it.').waitFor()
    await dialog.getByRole('button', { name: 'Block', exact: true }).click()
    await dialog.getByText(`${name} is blocked now.`).waitFor()
    await dialog.getByText('It is blocked.', { exact: true }).waitFor()
    await dialog
      .getByText(/\|\|www\.example\.org\^/)
      .first()
      .waitFor()
    await until('it is blocked', isBlocked)
    await dialog.getByRole('button', { name: 'Close' }).click()
    await open('devices')
    await page.getByRole('button', { name: 'Pause for 5 minutes' }).click()
    await shows(/Blocking is paused until/)
    await until('blocking rests', isResolved)
    await page.getByRole('button', { name: 'Go on blocking' }).click()
    await until('it is blocked again', isBlocked)
    await page.getByRole('button', { name: `Remove ${name}` }).click()
    await until('it is resolved', isResolved)
    await page.getByLabel('Name to block or allow').fill('ads.example.org')
    await page.getByRole('button', { name: 'Block', exact: true }).click()
    await shows('ads.example.org is blocked now.')
    await page.getByRole('button', { name: 'Remove ads.example.org' }).click()
    await page.getByRole('button', { name: 'Remove ads.example.org' }).waitFor({ state: 'detached' })
  })

  it('adds a list for all boxes, shows what it blocks, lets it rest, fetches it anew, and takes it back', async () => {
    const [name, later] = ['www.example.org', 'mail.example.com']
    served['/ads.txt'] = `||${name}^\n! a comment\n`
    await open('devices')
    await panel('Lists').getByLabel('Name of the list').fill('ads')
    await panel('Lists').getByLabel('Its address (URL)').fill(`${listsAt}/ads.txt`)
    await panel('Lists').getByRole('button', { name: 'Add', exact: true }).click()
    await shows(/^The list ads holds on all boxes/)
    const isBlockedAt = async ({ address, port }: PeerProcess) =>
      texts((await ask({ address, port }, { name })).answers).includes('A 0.0.0.0')
    for (const one of cluster.peers) await until('each box blocks it', () => isBlockedAt(one))
    await until(
      'how often is shown',
      async () => Number.parseInt((await row('ads').getByRole('cell').nth(3).textContent()) ?? '', 10) >= 1,
    )
    await page.getByRole('button', { name: 'Pause ads' }).click()
    await shows('The list ads rests on all boxes.')
    for (const one of cluster.peers) await until('no box blocks it', async () => !(await isBlockedAt(one)))
    await page.getByRole('button', { name: 'Go on ads' }).click()
    await until('it is blocked again', () => isBlockedAt(box))
    served['/ads.txt'] = `||${name}^\n||${later}^\n`
    await page.getByRole('button', { name: 'Fetch now ads' }).click()
    await until('what is new in it is blocked', async () => texts((await resolve(later)).answers).includes('A 0.0.0.0'))
    await page.getByRole('button', { name: 'Remove ads' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await shows('The list ads is gone from all boxes.')
    await until('it is resolved', async () => !(await isBlockedAt(box)))
    await panel('Lists').getByRole('button', { name: 'Undo', exact: true }).click()
    await shows('It is as it was before.')
    await until('it is blocked as before', () => isBlockedAt(box))
  })

  it('says in its row why a list is not fetched, with the age of that', async () => {
    await panel('Lists').getByLabel('Name of the list').fill('gone')
    await panel('Lists').getByLabel('Its address (URL)').fill(`${listsAt}/gone.txt`)
    await panel('Lists').getByRole('button', { name: 'Add', exact: true }).click()
    await row('gone')
      .getByText(/not fetched .*404/)
      .waitFor()
    await page.getByRole('button', { name: 'Remove gone' }).click()
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await row('gone').waitFor()
    await page.getByRole('button', { name: 'Remove gone' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await row('gone').waitFor({ state: 'detached' })
  })

  it('makes a group by keyboard alone, changes it, takes the change back as one, and removes it', async () => {
    const NXDOMAIN = 3
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: 'Make a group' }).press('Enter')
    await dialog.waitFor()
    await page.keyboard.type('kids')
    await dialog.getByLabel('Address, prefix, hardware address or name').focus()
    await page.keyboard.type('127.0.0.0/8')
    await page.keyboard.press('Enter')
    await page.keyboard.type('Tablet')
    await page.keyboard.press('Enter')
    await dialog.getByText('Tablet').waitFor()
    expect(await seriousOf(page)).toEqual([])
    await dialog.getByLabel('Answer to a blocked name').selectOption('no such name')
    await dialog.getByRole('button', { name: 'Save' }).press('Enter')
    await shows('The group kids holds so on all boxes.')
    await until('its devices are told so', async () => (await codeOf('www.example.org')) === NXDOMAIN)
    await page.getByRole('button', { name: 'Change kids' }).click()
    await dialog.getByRole('button', { name: 'Remove 127.0.0.0/8' }).click()
    await dialog.getByLabel('only some lists').check()
    await dialog.getByRole('button', { name: 'Add this time' }).click()
    for (const [width, height] of [
      [390, 844],
      [1280, 900],
    ] as const) {
      await page.setViewportSize({ width, height })
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
      expect(await seriousOf(page)).toEqual([])
      if (pictures !== undefined) await picture(page, 'group', width, false)
    }
    await dialog.getByRole('button', { name: 'Save' }).click()
    await row('kids').getByText('daily 21:00–07:00: only allowed names').waitFor()
    await until('others are not told so', async () => (await codeOf('www.example.org')) !== NXDOMAIN)
    await panel('Groups').getByRole('button', { name: 'Undo', exact: true }).click()
    await row('kids').getByText('127.0.0.0/8').waitFor()
    await until('they are as before', async () => (await codeOf('www.example.org')) === NXDOMAIN)
    await page.getByRole('button', { name: 'Remove kids' }).click()
    await dialog.getByRole('button', { name: 'Remove' }).click()
    await shows('The group kids is gone from all boxes.')
    await until('there is no group', async () => (await codeOf('www.example.org')) !== NXDOMAIN)
    await panel('Groups').getByRole('button', { name: 'Undo', exact: true }).click()
    await row('kids').getByText('127.0.0.0/8').waitFor()
  })

  it('speaks German, and keeps to the colours that were chosen', async () => {
    await open('settings')
    await page.getByLabel('Language').selectOption('de')
    await page.getByRole('heading', { name: 'Einstellungen', exact: true }).waitFor()
    await page.getByLabel('Farben').selectOption('dark')
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(16, 21, 27)')
    await page.getByLabel('Farben').selectOption('light')
    await page.getByLabel('Sprache').selectOption('en')
    await shows('queries.privacy')
  })

  it.runIf(pictures !== undefined)('is asked a few more questions, for the pictures', async () => {
    const names = [
      'www.example.org',
      'www.example.com',
      'mail.example.com',
      'https.example.com',
      'www.hosting.org',
      'no.example.com',
    ]
    for (let i = 0; i < 120; i++) await resolve(i % 10 === 9 ? 'www.lame.info' : names[(i * 7) % names.length]!)
  })

  it.each(PAGES)(
    'has nothing on the page %s that keeps somebody from using it, in light and dark, wide and narrow',
    async (name) => {
      for (const [width, height] of [
        [1280, 900],
        [390, 844],
      ] as const) {
        await page.setViewportSize({ width, height })
        await open(name === 'explain' ? EXPLAINED[width] : name)
        await page.locator('main h1').waitFor()
        // All keys would be many pages long, and each row is like the others.
        if (name === 'settings') await page.getByLabel('Part of a key').fill('queries')
        await until('the page is there', async () => (await page.getByText('Loading …').count()) === 0)
        expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
        for (const scheme of ['dark', 'light'] as const) {
          await page.emulateMedia({ colorScheme: scheme })
          await page.evaluate(`document.documentElement.dataset.theme = '${scheme}'`)
          expect(await seriousOf(page)).toEqual([])
        }
        if (pictures !== undefined) await picture(page, name, width)
      }
    },
  )

  it('asks no other host, and complains about nothing', () => {
    expect(strangers).toEqual([])
    expect(complaints).toEqual([])
  })

  it('serves metrics beside its pages', async () => {
    await page.setViewportSize({ width: 1280, height: 900 })
    const text = await page.evaluate(`fetch('/metrics').then((response) => response.text())`)
    expect(text).toContain('chordns_answer_duration_seconds_bucket')
  })

  it('lets no page of another site in', async () => {
    const other = await context.newPage()
    await other.goto('data:text/html,<title>other</title>')
    const tried = await other.evaluate(
      `fetch('${origin()}/queries', { headers: { 'x-chordns': '1' } }).then(() => 'read', () => 'refused')`,
    )
    expect(tried).toBe('refused')
    await other.close()
  })

  it('says that it has lost the node', async () => {
    await open('overview')
    await shows('live')
    await box.stop()
    await shows('no connection: trying again')
  })
})

/** What `chordns join` makes of a token: the ring of a configuration. */
async function ringByToken(token: string, data: string): Promise<object> {
  const file = join(data, 'joined.json')
  await said('join', token, '--household', '--config', file, '--data', data)
  const { ring } = JSON.parse(readFileSync(file, 'utf8')) as { readonly ring: object }
  return { ...ring, secretFile: join(data, 'ring.secret'), listen: ['/ip4/127.0.0.1/tcp/0'], mdns: false }
}

/** No list of a household is fetched from loopback. A namespace of this test's own has nothing else: it gets an address. */
function addressOfLan(): string {
  const there = Object.values(networkInterfaces())
    .flatMap((some) => some ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')
  if (there !== undefined) return there.address
  execFileSync('ip', ['addr', 'add', `${LISTS_ADDRESS}/32`, 'dev', 'lo'])
  return LISTS_ADDRESS
}

/** Texts of the picture that leave it. */
function labelsCut(page: Page): Promise<unknown> {
  return page.evaluate(`(() => {
    const frame = document.querySelector('svg.ring').getBoundingClientRect()
    const leaves = ({ left, right, top, bottom }) =>
      left < frame.left || right > frame.right || top < frame.top || bottom > frame.bottom
    return [...document.querySelectorAll('svg.ring text')]
      .filter((text) => leaves(text.getBoundingClientRect()))
      .map((text) => text.textContent)
  })()`)
}

/** What axe-core finds. */
async function seriousOf(page: Page): Promise<unknown> {
  await page.evaluate(axe)
  return page.evaluate(`axe
    .run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    .then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => [id, ...nodes.map(({ html, failureSummary }) => html + failureSummary)]))`)
}

async function picture(page: Page, name: string, width: number, fullPage = name !== 'queries'): Promise<void> {
  mkdirSync(pictures!, { recursive: true })
  await page.screenshot({ path: join(pictures!, `${name}-${width}.png`), fullPage })
}

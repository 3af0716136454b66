/** From plans to zone files: SOA, NS, glue and DS are added, real tools sign, edits break. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { isSubdomain, nameToText, parseName, parseZone, recordToText, typeToText } from '../../src/dns/index.ts'
import { nameServersOf, oddAddress } from './addresses.ts'
import { resignAll, setDnskeys } from './edit.ts'
import { dnskeyText, dsText, makeKeys } from './keys.ts'
import type { Keys, SignedZone, Signing, ZonePlan } from './types.ts'

const run = promisify(execFile)
const DAY = 86_400
/** Signing programs that run at once. */
const PARALLEL = 3

export interface BuiltZone {
  readonly plan: ZonePlan
  readonly file: string
  /** knotd signs this one when it loads the file, with these keys. */
  readonly keys: Keys | undefined
  /** The text before it was signed: what questions are made from. */
  readonly plain: string
  readonly addresses: readonly string[]
  /** The file of each address that has a copy of its own. */
  readonly copies: Readonly<Record<string, string>>
}

export interface Internet {
  readonly dir: string
  readonly zones: readonly BuiltZone[]
  /** DS RDATA of the root's KSK. */
  readonly anchor: string
}

/** Writes all zone files below `dir`. Throws when a tool fails. */
export async function buildInternet(dir: string, plans: readonly ZonePlan[]): Promise<Internet> {
  checkUnique(plans)
  mkdirSync(join(dir, 'keys'), { recursive: true })
  mkdirSync(join(dir, 'zones'), { recursive: true })
  const odd = assignOdd(plans)
  const keys = new Map<string, Keys>()
  await inParallel(plans, async ({ origin, sign, rekey }) => {
    if (sign === undefined) return
    const made = await makeKeys(join(dir, 'keys'), origin, sign)
    keys.set(origin, rekey === undefined ? made : rekey(made))
  })
  const zones = await inParallel(plans, async (plan, index): Promise<BuiltZone> => {
    const plain = compose(plan, plans, keys, odd)
    const file = join(dir, 'zones', `${index}.zone`)
    const own = keys.get(plan.origin)
    const addresses = odd.get(plan.origin) ?? []
    if (plan.sign === undefined || own === undefined || plan.sign.tool === 'knot') {
      writeFileSync(file, plain)
      return { plan, file, keys: own, plain, addresses, copies: {} }
    }
    writeFileSync(`${file}.plain`, plain)
    await signFile(plan.origin, `${file}.plain`, file, plan.sign, own)
    if (plan.rekey !== undefined || plan.edit !== undefined) edit(plan, file, own)
    return { plan, file, keys: own, plain, addresses, copies: makeCopies(plan, file, own, addresses) }
  })
  const root = keys.get('.')
  if (root === undefined) throw new Error('the root is not signed')
  return { dir, zones, anchor: dsText(root.ksk) }
}

function checkUnique(plans: readonly ZonePlan[]): void {
  const seen = new Set<string>()
  for (const { origin } of plans) {
    if (seen.has(origin)) throw new Error(`two plans for ${origin}`)
    seen.add(origin)
  }
}

function assignOdd(plans: readonly ZonePlan[]): ReadonlyMap<string, readonly string[]> {
  let next = 0
  return new Map(
    plans.flatMap(({ origin, odd }) =>
      odd === undefined ? [] : [[origin, odd.map(() => oddAddress(next++))] as const],
    ),
  )
}

function compose(
  plan: ZonePlan,
  plans: readonly ZonePlan[],
  keys: ReadonlyMap<string, Keys>,
  odd: ReadonlyMap<string, readonly string[]>,
): string {
  const { origin } = plan
  const servers = nameServersOf(plan, odd)
  const own = plan.ownNs ?? servers.map(({ name }) => name)
  const apex = parseName(origin)
  const inside = (name: string) => isSubdomain(parseName(name), apex)
  const lines = [
    `$ORIGIN ${origin}`,
    '$TTL 3600',
    `@ SOA ${own[0]} hostmaster.${origin === '.' ? '' : origin} 1 7200 3600 1209600 300`,
    ...own.map((name) => `@ NS ${name}`),
    ...servers.flatMap(({ name, glue }) => (inside(name) ? glueLines(name, glue) : [])),
    plan.records,
  ]
  for (const child of plans.filter((other) => parentOf(other, plans) === plan)) {
    const hosts = nameServersOf(child, odd)
    lines.push(...hosts.map(({ name }) => `${child.origin} NS ${name}`))
    lines.push(...hosts.flatMap(({ name, glue }) => (inside(name) ? glueLines(name, glue) : [])))
    const childKeys = keys.get(child.origin)
    if (childKeys === undefined) continue
    const all = child.ds?.(childKeys) ?? defaultDs(childKeys)
    lines.push(...all.map((ds) => `${child.origin} DS ${ds}`))
  }
  // Glue of two children with one name server would stand there twice.
  return `${[...new Set(lines)].join('\n')}\n`
}

function defaultDs({ ksk, second }: Keys): readonly string[] {
  return second === undefined ? [dsText(ksk)] : [dsText(ksk), dsText(second.ksk)]
}

const glueLines = (name: string, glue: readonly string[]): string[] =>
  glue.map((address) => `${name} ${address.includes(':') ? 'AAAA' : 'A'} ${address}`)

/** The plan of the nearest enclosing zone. */
export function parentOf(plan: ZonePlan, plans: readonly ZonePlan[]): ZonePlan | undefined {
  const name = parseName(plan.origin)
  let best: ZonePlan | undefined
  let labels = -1
  for (const other of plans) {
    const origin = parseName(other.origin)
    if (other === plan || origin.labels <= labels || !isSubdomain(name, origin)) continue
    best = other
    labels = origin.labels
  }
  return best
}

async function signFile(origin: string, plain: string, file: string, sign: Signing, keys: Keys): Promise<void> {
  const now = Math.floor(Date.now() / 1000)
  const inception = sign.inceptionDays === undefined ? now - 3_600 : now + sign.inceptionDays * DAY
  const expiration = now + (sign.expirationDays ?? 30) * DAY
  const pairs = [keys, ...(keys.second === undefined ? [] : [keys.second])]
  const paths = [...new Set(pairs.flatMap(({ ksk, zsk }) => [ksk.path, zsk.path]))]
  if (sign.tool === 'ldns') {
    const times = ['-i', String(inception), '-e', String(expiration)]
    await run('ldns-signzone', [...ldnsDenial(sign), ...times, '-o', origin, '-f', file, plain, ...paths])
    return
  }
  const dnskeys = paths.map((path) => readFileSync(`${path}.key`, 'utf8')).join('')
  writeFileSync(plain, readFileSync(plain, 'utf8') + dnskeys)
  const times = ['-s', stamp(inception), '-e', stamp(expiration)]
  await run('dnssec-signzone', [
    '-q',
    '-P',
    // Without it the DS sets are written where the command was started.
    '-d',
    dirname(file),
    sign.single ? '-z' : '-x',
    '-O',
    'full',
    ...bindDenial(sign),
    ...times,
    '-o',
    origin,
    '-f',
    file,
    plain,
    ...paths,
  ])
}

function ldnsDenial({ denial }: Signing): string[] {
  if (denial === 'nsec') return []
  const salt = denial.salt === '' ? [] : ['-s', denial.salt]
  return ['-n', '-a', '1', '-t', String(denial.iterations), ...salt, ...(denial.optOut ? ['-p'] : [])]
}

function bindDenial({ denial }: Signing): string[] {
  if (denial === 'nsec') return []
  const salt = denial.salt === '' ? '-' : denial.salt
  return ['-3', salt, '-H', String(denial.iterations), ...(denial.optOut ? ['-A'] : [])]
}

const stamp = (seconds: number): string =>
  new Date(seconds * 1000)
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/\D/g, '')

function edit(plan: Pick<ZonePlan, 'origin' | 'rekey' | 'edit'>, file: string, keys: Keys, to = file): void {
  const records = parseZone(readFileSync(file, 'utf8'), { origin: parseName(plan.origin), defaultTtl: 3600 })
  const zone: SignedZone = { origin: plan.origin, records: [...records], keys }
  if (plan.rekey !== undefined) {
    setDnskeys(zone, [keys.ksk.rdata, keys.zsk.rdata])
    resignAll(zone)
  }
  plan.edit?.(zone)
  writeFileSync(to, `${zone.records.map(lineOf).join('\n')}\n`)
}

/** Other versions of a finished zone, for some of its addresses. */
function makeCopies(
  { origin, copies = [] }: ZonePlan,
  file: string,
  keys: Keys,
  addresses: readonly string[],
): Record<string, string> {
  const made = copies.flatMap((change, i) => {
    if (change === undefined) return []
    const copy = `${file}.${i}`
    edit({ origin, edit: change }, file, keys, copy)
    return [[addresses[i]!, copy] as const]
  })
  return Object.fromEntries(made)
}

/** DNSKEYs that are broken on purpose have no presentation form of their own. */
function lineOf(record: SignedZone['records'][number]): string {
  if (typeToText(record.type) !== 'DNSKEY') return recordToText(record)
  return `${nameToText(record.name)} ${record.ttl} IN DNSKEY ${dnskeyText(record.rdata)}`
}

async function inParallel<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index]!, index)
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
  return results
}

/** The settings of a household as one box has them: edits, what others changed, history, and the way to disk and to the others. */
import {
  type Cancel,
  ChordnsError,
  type Clock,
  errorText,
  Listeners,
  type Log,
  type PeerId,
  type Store,
} from '../base/index.ts'
import { Rates } from '../chunks/index.ts'
import { peerIdFromPublicKey, type SignatureScheme, type Signer } from '../crypto/index.ts'
import { idOf, isSameChange, type SignedChange, signChange, utf8Length, verifyChange } from './change.ts'
import { SettingsDocument, type TakenAll } from './document.ts'
import { History, type Seen } from './history.ts'
import { limits } from './limits.ts'
import { SettingsMemory } from './memory.ts'
import { type SettingsRing, Sharing, type SharingHooks } from './sharing.ts'
import {
  SETTING_KINDS,
  type SettingChange,
  type SettingEdit,
  type Settings,
  type SettingsStats,
  type SharedSetting,
} from './types.ts'
import { decodeSettingsMessage, tellings } from './wire.ts'

export interface SettingsDeps {
  readonly ring: SettingsRing
  readonly clock: Clock
  readonly log: Log
  readonly signer: Signer
  readonly scheme: SignatureScheme
  /** Undefined: they are forgotten when the node stops. */
  readonly store: Store | undefined
  /** Whether the ring is a household, whose members edit for each other. */
  readonly isShared: boolean
}

export type SettingsHooks = Omit<SharingHooks, 'take'>

/** With the side towards other boxes. */
export interface HouseholdSettings extends Settings {
  start(): void
  stop(): void
  /** A peer has said what it knows: it may be one to tell. */
  peerKnowsMore(): void
  /** Answers another box. Throws SETTINGS_REFUSED or SETTINGS_MALFORMED. */
  handle(from: PeerId, body: Uint8Array): Uint8Array
  /** Gives another box what it wants to pull. Throws likewise. */
  supply(from: PeerId, body: Uint8Array): AsyncIterable<Uint8Array>
}

export function createSettings(deps: SettingsDeps, hooks: SettingsHooks): HouseholdSettings {
  return new Box(deps, hooks)
}

class Box implements HouseholdSettings {
  readonly isShared: boolean
  readonly onChange: (listener: (keys: readonly string[]) => void) => Cancel
  readonly #deps: SettingsDeps
  readonly #document = new SettingsDocument()
  readonly #history = new History()
  readonly #memory: SettingsMemory | undefined
  readonly #sharing: Sharing
  readonly #listeners: Listeners<[readonly string[]]>
  readonly #rates: Rates
  readonly #counts = { changesMade: 0, changesTaken: 0, changesRefused: 0 }

  constructor(deps: SettingsDeps, hooks: SettingsHooks) {
    const { clock, log, store, isShared } = deps
    this.#deps = deps
    this.isShared = isShared
    this.#listeners = new Listeners((error) =>
      log.warn({ reason: errorText(error) }, 'a change of the household settings was not followed'),
    )
    this.onChange = this.#listeners.add
    this.#rates = new Rates(clock, limits.TAKEN_BYTES_PER_SECOND, limits.TAKEN_BURST_BYTES, limits.MAX_RATED)
    this.#memory = store && new SettingsMemory({ store, log })
    this.#sharing = new Sharing(
      { ...deps, document: this.#document },
      { ...hooks, take: (changes, from) => this.#take(changes, from) },
    )
    this.#remember()
  }

  start(): void {
    if (this.isShared) this.#sharing.start()
  }

  stop(): void {
    this.#sharing.stop()
  }

  peerKnowsMore(): void {
    if (this.isShared) this.#sharing.look()
  }

  get(key: string): string | undefined {
    return this.#document.get(key)?.value ?? undefined
  }

  list(prefix: string): SharedSetting[] {
    const found: SharedSetting[] = []
    for (const { key, value } of this.#document.all())
      if (value !== null && key.startsWith(prefix)) found.push({ key, value })
    return found.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  edit(edits: readonly SettingEdit[]): SettingChange[] {
    const wanted = this.#checked(edits)
    if (wanted.length === 0) return []
    const { ring, signer, clock } = this.#deps
    const renewed = this.#document.inTheWay(wanted.filter(({ key }) => this.#document.get(key) === undefined).length)
    const edited = new Set(wanted.map(({ key }) => key))
    const all = [...wanted, ...renewed.filter(({ key }) => !edited.has(key))]
    let counter = Math.max(this.#document.greatest, clock.now())
    const changes = all.map(({ key, value }) => signChange(ring.ringId, signer, { key, value, counter: ++counter }))
    this.#counts.changesMade += wanted.length
    const seen = this.#put(changes)
    if (this.isShared) this.#sharing.tell(changes)
    return seen.filter(({ change }) => edited.has(change.key)).map((one) => this.#shown(one))
  }

  history(most: number): SettingChange[] {
    return this.#history
      .newestFirst()
      .slice(0, most)
      .map((one) => this.#shown(one))
  }

  undo(id?: string): SettingChange {
    const seen =
      id === undefined ? this.#history.newestFirst().find((one) => this.#isCurrent(one)) : this.#history.find(id)
    if (seen === undefined)
      throw new ChordnsError(
        'SETTINGS_UNKNOWN',
        id === undefined
          ? 'there is no change to undo'
          : `this box knows no change ${id}; \`chordns settings history\` lists them`,
        { id: id ?? null },
      )
    if (!this.#isCurrent(seen))
      throw new ChordnsError('SETTINGS_CHANGED', `${seen.change.key} has been changed again since; undo that first`, {
        key: seen.change.key,
      })
    return this.edit([{ key: seen.change.key, value: seen.before }])[0]!
  }

  handle(from: PeerId, body: Uint8Array): Uint8Array {
    this.#admit(from, body.length)
    const message = decodeSettingsMessage(body)
    if (message.kind === 'tell') {
      this.#take(message.changes, from)
      return this.#document.root()
    }
    if (message.kind === 'pull') throw new ChordnsError('SETTINGS_MALFORMED', 'a pull is a bulk', { what: 'pull' })
    const root = this.#document.root()
    return root.every((byte, at) => byte === message.root[at]) ? new Uint8Array() : this.#document.parts()
  }

  async *supply(from: PeerId, body: Uint8Array): AsyncGenerator<Uint8Array> {
    this.#admit(from, body.length)
    const message = decodeSettingsMessage(body)
    if (message.kind !== 'pull') throw new ChordnsError('SETTINGS_MALFORMED', 'not a pull', { what: message.kind })
    yield* tellings(this.#document.inParts(message.parts))
  }

  stats(): SettingsStats {
    const { live, size } = this.#document
    return { entries: live, removed: size - live, ...this.#counts, ...this.#sharing.counts }
  }

  #admit(from: PeerId, bytes: number): void {
    const isMember = this.isShared && this.#deps.ring.memberByPeer(from) !== undefined
    if (isMember && this.#rates.spend(from, bytes)) return
    const why = isMember ? 'too much at once' : this.isShared ? 'not a member' : 'this ring is no household'
    throw new ChordnsError('SETTINGS_REFUSED', `settings are not taken: ${why}`, { peer: from })
  }

  /** What another box says. Who relayed it is believed, and cannot put words into somebody else's mouth. */
  #take(changes: readonly SignedChange[], from: PeerId): void {
    const { ring, scheme, log } = this.#deps
    const news = changes.filter((change) => this.#document.isNews(change))
    const good = news.filter((change) => verifyChange(ring.ringId, scheme, change))
    const refused = news.length - good.length
    this.#counts.changesRefused += refused
    if (refused > 0) log.warn({ peer: from, refused }, 'settings with signatures that do not hold are not taken')
    if (good.length === 0) return
    this.#counts.changesTaken += good.length
    this.#put(good)
  }

  /** Into document, history and disk; then whoever follows hears of it. */
  #put(changes: readonly SignedChange[]): Seen[] {
    const done = this.#document.takeAll(changes)
    const { seen, forgotten } = this.#note(done)
    this.#memory?.write({ changes: done.taken.map(({ change }) => change), dropped: done.dropped, seen, forgotten })
    const keys = done.taken
      .filter(({ change, before }) => change.value !== (before?.value ?? null))
      .map(({ change }) => change.key)
    if (keys.length > 0) this.#listeners.tell(keys)
    return seen
  }

  /** What became another value, for people. */
  #note({ taken }: TakenAll): { readonly seen: Seen[]; readonly forgotten: Seen[] } {
    const seen: Seen[] = []
    const forgotten: Seen[] = []
    for (const { change, before } of taken) {
      const was = before?.value ?? null
      if (was === change.value) continue
      forgotten.push(...this.#history.add(change, was))
      seen.push({ id: idOf(change), change, before: was })
    }
    return { seen, forgotten }
  }

  #isCurrent({ change }: Seen): boolean {
    return isSameChange(this.#document.get(change.key), change)
  }

  #shown(seen: Seen): SettingChange {
    const { id, change, before } = seen
    const { key, value, counter, author } = change
    return { id, key, value, before, by: peerIdFromPublicKey(author), at: counter, isCurrent: this.#isCurrent(seen) }
  }

  /** Without those that change nothing. Throws SETTINGS_INVALID or SETTINGS_FULL. */
  #checked(edits: readonly SettingEdit[]): SettingEdit[] {
    if (edits.length > limits.MAX_EDITS) throw invalid('', `more than ${limits.MAX_EDITS} edits at once`)
    const last = new Map(edits.map((edit) => [edit.key, edit]))
    const wanted = [...last.values()].filter(({ key, value }) => value !== (this.get(key) ?? null))
    for (const edit of wanted) {
      const problem = faultOf(edit)
      if (problem !== undefined) throw invalid(edit.key, problem)
    }
    const more = wanted.filter(({ key, value }) => value !== null && this.get(key) === undefined).length
    const less = wanted.filter(({ value }) => value === null).length
    if (more > 0 && this.#document.live + more - less > limits.MAX_SETTINGS)
      throw new ChordnsError('SETTINGS_FULL', `a household has at most ${limits.MAX_SETTINGS} settings`, {
        settings: this.#document.live,
      })
    return wanted
  }

  /** A box that has joined another ring takes along what it had: what that ring knows of the same keys and is newer holds. */
  #remember(): void {
    if (this.#memory === undefined) return
    const { ring, signer, log } = this.#deps
    const known = this.#memory.read()
    if (known.ringId === ring.ringId) {
      this.#document.takeAll(known.changes)
      for (const { change, before } of known.history) this.#history.add(change, before)
      return
    }
    this.#memory.begin(ring.ringId)
    const own = known.changes.filter(({ value }) => value !== null)
    if (own.length === 0) return
    log.info({ settings: own.length, from: known.ringId }, 'took the settings of this box along into its ring')
    this.#put(own.map((change) => signChange(ring.ringId, signer, change)))
  }
}

function faultOf({ key, value }: SettingEdit): string | undefined {
  const at = key.indexOf('/')
  const kind = key.slice(0, Math.max(0, at))
  if (!SETTING_KINDS.some((one) => one === kind)) return `is of no kind that is known (${SETTING_KINDS.join(', ')})`
  if (at === key.length - 1) return 'names nothing'
  const [keyBytes, valueBytes] = [utf8Length(key), utf8Length(value ?? '')]
  if (keyBytes === undefined || valueBytes === undefined) return 'is no text'
  if (keyBytes > limits.MAX_KEY_BYTES) return `is longer than ${limits.MAX_KEY_BYTES} bytes`
  if (valueBytes > limits.MAX_VALUE_BYTES) return `has a value of more than ${limits.MAX_VALUE_BYTES} bytes`
  return undefined
}

function invalid(key: string, problem: string) {
  return new ChordnsError('SETTINGS_INVALID', key === '' ? problem : `${key} ${problem}`, { key, problem })
}

/**
 * Who holds a key, seen from outside, while nodes come and go. A look-up is right when its owner held the key at some
 * moment between its question and its answer. A node that is joining holds its keys from when it is a member, and its
 * successor holds them until it has heard of it: between the two either is right. `strict` knows no such pause.
 */
import type { RingId } from '../../src/base/index.ts'
import { successorIndex } from '../../src/ring/chord/ids.ts'
import type { Node, World } from './machines.ts'

interface Open {
  readonly key: RingId
  readonly right: Set<RingId>
  readonly strict: Set<RingId>
}

export interface Judgement {
  readonly right: boolean
  readonly strict: boolean
}

export class Truth {
  /** Sorted: live and members. */
  readonly #members: RingId[] = []
  /** Sorted: those of them whose successor has heard of them. */
  readonly #settled: RingId[] = []
  readonly #known = new Map<RingId, Node>()
  readonly #isMember = new Set<RingId>()
  readonly #isSettled = new Set<RingId>()
  readonly #open = new Map<number, Open>()

  /** Watches a world that is in its ideal state now. */
  constructor(world: World) {
    for (const node of world.nodes) {
      this.#known.set(node.id, node)
      this.#enter(this.#members, this.#isMember, node.id)
      this.#enter(this.#settled, this.#isSettled, node.id)
    }
    world.observe = (node) => this.#observe(node)
  }

  /** Call before a node is crashed. */
  left(node: Node): void {
    remove(this.#members, this.#isMember, node.id)
    remove(this.#settled, this.#isSettled, node.id)
    this.#widen()
  }

  begin(reference: number, key: RingId): void {
    const open = { key, right: new Set<RingId>(), strict: new Set<RingId>() }
    this.#open.set(reference, open)
    this.#note(open)
  }

  /** Undefined when that look-up was not begun or has ended. */
  end(reference: number, owner: RingId | undefined): Judgement | undefined {
    const open = this.#open.get(reference)
    if (open === undefined) return undefined
    this.#open.delete(reference)
    return {
      right: owner !== undefined && open.right.has(owner),
      strict: owner !== undefined && open.strict.has(owner),
    }
  }

  #observe(node: Node): void {
    if (!node.up || node.state.phase !== 'member') return
    this.#known.set(node.id, node)
    const before = node.state.pointers.predecessor
    const isNew = !this.#isMember.has(node.id)
    if (isNew) this.#enter(this.#members, this.#isMember, node.id)
    const heard =
      before !== undefined && !this.#isSettled.has(before) && this.#isMember.has(before) && this.#known.get(before)?.up
    if (heard === true) this.#enter(this.#settled, this.#isSettled, before)
    if (isNew || heard === true) this.#widen()
  }

  #enter(sorted: RingId[], set: Set<RingId>, id: RingId): void {
    set.add(id)
    const index = sorted.length > 0 && sorted.at(-1)! >= id ? successorIndex(sorted, id) : sorted.length
    sorted.splice(index, 0, id)
  }

  #widen(): void {
    for (const open of this.#open.values()) this.#note(open)
  }

  #note({ key, right, strict }: Open): void {
    const owner = this.#members[successorIndex(this.#members, key)]
    const settled = this.#settled[successorIndex(this.#settled, key)]
    if (owner !== undefined) {
      strict.add(owner)
      right.add(owner)
    }
    if (settled !== undefined) right.add(settled)
  }
}

function remove(sorted: RingId[], set: Set<RingId>, id: RingId): void {
  if (set.delete(id)) sorted.splice(sorted.indexOf(id), 1)
}

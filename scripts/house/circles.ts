/** Circles of files: a file that reaches itself by imports, type imports counted. */
import { relativeImports } from '../imports/imports-of.ts'
import { type SourceFile, tokensOf, type Violation } from './sources.ts'

type Graph = ReadonlyMap<string, readonly string[]>

/** One violation for each knot of files that all reach each other, at its first file. */
export function circles(files: readonly SourceFile[]): Violation[] {
  const graph = importGraph(files)
  return knots(graph)
    .filter((knot) => knot.length > 1 || graph.get(knot[0]!)!.includes(knot[0]!))
    .map((knot) => knot.sort())
    .sort((a, b) => (a[0]! < b[0]! ? -1 : 1))
    .map((knot) => ({
      path: knot[0]!,
      line: 1,
      message: `${knot.length} files import each other in a circle: ${wayRound(graph, knot[0]!).join(' -> ')}`,
    }))
}

function importGraph(files: readonly SourceFile[]): Graph {
  const known = new Set(files.map(({ path }) => path))
  return new Map(
    files.map((file) => [
      file.path,
      relativeImports(file.path, tokensOf(file)).flatMap(({ target }) => (known.has(target) ? [target] : [])),
    ]),
  )
}

/** Tarjan's strongly connected components. */
function knots(graph: Graph): string[][] {
  const order = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const found: string[][] = []
  const visit = (file: string) => {
    order.set(file, order.size)
    low.set(file, order.get(file)!)
    stack.push(file)
    for (const next of graph.get(file)!) {
      if (!order.has(next)) visit(next)
      if (stack.includes(next)) low.set(file, Math.min(low.get(file)!, low.get(next)!))
    }
    if (low.get(file) === order.get(file)) found.push(stack.splice(stack.indexOf(file)))
  }
  for (const file of graph.keys()) if (!order.has(file)) visit(file)
  return found
}

/** The shortest way from a file back to itself. */
function wayRound(graph: Graph, start: string): string[] {
  const cameFrom = new Map<string, string>()
  const queue = [start]
  for (const file of queue) {
    for (const next of graph.get(file)!) {
      if (next === start) {
        const way = [start]
        for (let at = file; at !== start; at = cameFrom.get(at)!) way.unshift(at)
        return [start, ...way]
      }
      if (cameFrom.has(next)) continue
      cameFrom.set(next, file)
      queue.push(next)
    }
  }
  return [start]
}

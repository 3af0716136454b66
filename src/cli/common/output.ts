/** What becomes of a command whose output nobody takes any more, or that cannot be written. */

/** A command has nothing to do without its output: `chordns cache show | head -1` ends in silence, a full disk is said. */
export function endWithOutput(): void {
  // Commands may be run one after the other in one process.
  process.stdout.off('error', onLost).on('error', onLost)
}

function onLost(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') process.stderr.write(`chordns: the output cannot be written: ${error.message}\n`)
  process.exit(1)
}

/** A node answers DNS, whoever reads what it prints. */
export function goOnWithoutOutput(): void {
  process.stdout.off('error', onLost)
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

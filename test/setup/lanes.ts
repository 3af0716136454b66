/** Jobs one after the other in a few lanes: whichever lane is free takes the next. */

/** The long ones first, in the order of `long`, so that no lane works alone at the end; the others as they come. */
export function longFirst(files: readonly string[], long: readonly string[]): string[] {
  const place = (file: string) => {
    const at = long.findIndex((name) => file.endsWith(`/${name}.test.ts`))
    return at === -1 ? long.length : at
  }
  return [...files].sort((a, b) => place(a) - place(b))
}

/** Runs all jobs, `lanes` at a time, and returns what they gave in the order of the jobs. */
export async function inLanes<Job, Result>(
  jobs: readonly Job[],
  lanes: number,
  run: (job: Job) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const queue = jobs.entries()
  const lane = async () => {
    for (const [place, job] of queue) results[place] = await run(job)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return results
}

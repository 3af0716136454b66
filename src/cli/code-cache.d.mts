/** The types of code-cache.mjs. */
export function useCodeCache(env?: NodeJS.ProcessEnv): void
export function codeCacheOf(env: NodeJS.ProcessEnv, user?: number | undefined): string | undefined

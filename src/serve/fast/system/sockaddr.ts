/** How long addresses are in the system's form. Apart, since workers need no more of them. */
export const AF_INET = 2
export const AF_INET6 = 10
/** Of the longer form, sockaddr_in6. */
export const SOCKADDR_BYTES = 28
const SOCKADDR_IN_BYTES = 16

export function sockaddrBytes(family: number): number {
  return family === AF_INET ? SOCKADDR_IN_BYTES : SOCKADDR_BYTES
}

/** Whether a URL's host is this machine: there, and only there, plain http is possible. */
export function isLoopback(hostname: string): boolean {
  return hostname === '127.0.0.1' || hostname === 'localhost' || hostname === '[::1]'
}

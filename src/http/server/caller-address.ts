import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'
import { isLoopback } from '../../base/outgoing-policy.ts'
import type { Config } from '../../config.ts'

type Address = ReturnType<typeof ipaddr.process>

/**
 * The IP address that a request comes from: that of the connection, or the one that a trusted proxy (`MILLRACE_TRUSTED_PROXIES`) names in
 * `X-Forwarded-For`. The header is read from its end, and only as far as trusted proxies have written it: values that a client sends are
 * ignored. Undefined if the connection has no address.
 */
function findCallerIp({ socket, headers }: Pick<FastifyRequest, 'socket' | 'headers'>, { trustedProxies }: Pick<Config, 'trustedProxies'>) {
  let current = parseAddress(socket.remoteAddress ?? '')
  const forwarded = trustedProxies.length === 0 ? [] : [headers['x-forwarded-for'] ?? ''].flat().join(',').split(',')
  while (current && forwarded.length > 0 && isTrusted(current, trustedProxies)) {
    const next = parseAddress(forwarded.pop()?.trim() ?? '')
    if (!next) break
    current = next
  }
  return current
}

/**
 * The address of the caller as a key for counting: an IPv4 address, or the network of 64 bits of an IPv6 address, since one subscriber has all
 * addresses of it.
 */
export function callerAddress(request: Pick<FastifyRequest, 'socket' | 'headers'>, config: Pick<Config, 'trustedProxies'>): string {
  const ip = findCallerIp(request, config)
  if (!ip) return 'unknown'
  return ip instanceof ipaddr.IPv6 ? `${new ipaddr.IPv6([...ip.parts.slice(0, 4), 0, 0, 0, 0])}/64` : ip.toString()
}

/**
 * Whether a request comes from the machine of the hub, and not through a proxy on it. A hub with a public name is behind a
 * proxy; then only a trusted proxy, which reports the caller's address, allows this decision. With an unreadable header the answer is no.
 */
export function isFromOwnMachine(request: Pick<FastifyRequest, 'socket' | 'headers'>, config: Pick<Config, 'trustedProxies' | 'siteUrl'>): boolean {
  if (findCallerIp(request, config)?.range() !== 'loopback') return false
  if (proxyHeaders.some((name) => request.headers[name] !== undefined)) return false
  return config.trustedProxies.length > 0 || isLoopback(new URL(config.siteUrl).hostname)
}

const proxyHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'] as const

const isTrusted = (address: Address, proxies: Config['trustedProxies']) =>
  proxies.some(([network, bits]) => network.kind() === address.kind() && address.match([network, bits]))

/** Parses an address in the forms that proxies write: with or without a port. An IPv4 address in the form of IPv6 is an IPv4 address. */
function parseAddress(text: string): Address | undefined {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
  return isIP(bare) === 0 ? undefined : ipaddr.process(bare)
}

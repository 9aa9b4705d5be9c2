import type { Store } from '../src/store/store.ts'

/** A store that writes as the test says, and does everything else as ever. */
export function withWrite(store: Store, write: Store['write']): Store {
  const get = (target: Store, name: keyof Store) => {
    const member = name === 'write' ? write : target[name]
    return typeof member === 'function' ? member.bind(target) : member
  }
  return new Proxy(store, { get: (target, name) => get(target, name as keyof Store) })
}

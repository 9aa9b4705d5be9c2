import type { Store } from '../src/store/store.ts'

/** A store whose writes run a function of the test; everything else is unchanged. */
export function withWrite(store: Store, write: Store['write']): Store {
  const get = (target: Store, name: keyof Store) => {
    const member = name === 'write' ? write : target[name]
    return typeof member === 'function' ? member.bind(target) : member
  }
  return new Proxy(store, { get: (target, name) => get(target, name as keyof Store) })
}

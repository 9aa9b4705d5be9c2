/**
 * Bounds on what one request may hold, beside those in bytes, which are settings. Everybody reads them in `docs/reference/limits.md`.
 * They keep one caller from holding up all others, and lie far above what real catalogues send.
 */
export const limits = {
  /** Fields of a form, parts of a multipart body, parameters of a query string. */
  fields: 1000,
  /** Filters by metadata of a list of jobs. */
  filters: 50,
  /** Levels of objects and lists within each other in JSON. */
  jsonDepth: 64,
  /** Objects, lists, keys and plain values in JSON, all together. */
  jsonValues: 500_000,
  /** Keys of one object in JSON. */
  jsonKeys: 10_000,
  /** Values of JSON up to which numbers stay as they were written; that takes ten times as long as plain reading. */
  exactJsonValues: 100_000,
  /** Fields of all schemas of a source spec together. */
  specFields: 5_000,
  /** Entries of `processing` of a source spec: each is held against the fields of its resource. */
  specProcessing: 1_000,
  /** Characters of a text of a dataset, resource, group or user, by what it holds. */
  text: {
    /** Notes, descriptions, what users say about themselves, values of extras. */
    long: 1_000_000,
    /** Further keys of one resource, all together, as JSON. */
    further: 500_000,
    /** Addresses; some clients put the data there. */
    address: 100_000,
    /** Everything that is one line: titles, names, people, hashes. */
    line: 10_000,
  },
  /** Entries of a list that is a parameter of an action, by its name. */
  entries: { tags: 2000, extras: 2000, groups: 1000, fq_list: 100 },
  /** Entries of the other lists: the resources of a dataset, the datasets of a group. */
  usualEntries: 10_000,
} as const

/** How many entries the list of this name may have. */
export const maxEntries = (list: string): number => (limits.entries as Readonly<Record<string, number>>)[list] ?? limits.usualEntries

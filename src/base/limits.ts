/**
 * Limits for one request, except those in bytes, which are settings. `docs/reference/limits.md` documents them.
 * They keep one caller from blocking all others, and are far above what real catalogues send.
 */
export const limits = {
  /** Fields of a form, parts of a multipart body, parameters of a query string. */
  fields: 1000,
  /** Filters by metadata of a list of jobs. */
  filters: 50,
  /** Levels of nested objects and lists in JSON. */
  jsonDepth: 64,
  /** Number of objects, lists, keys and plain values in JSON together. */
  jsonValues: 500_000,
  /** Keys of one object in JSON. */
  jsonKeys: 10_000,
  /** Values of JSON up to which numbers are kept as written. That takes ten times as long as plain parsing. */
  exactJsonValues: 100_000,
  /** Fields of all schemas of a source spec together. */
  specFields: 5_000,
  /** Entries of `processing` of a source spec: each is compared with the fields of its resource. */
  specProcessing: 1_000,
  /** Characters of a text of a dataset, resource, group or user, by what it holds. */
  text: {
    /** Notes, descriptions, profiles of users, values of extras. */
    long: 1_000_000,
    /** All further keys of one resource together, as JSON. */
    further: 500_000,
    /** URLs; some clients send data URLs. */
    address: 100_000,
    /** Single-line texts: titles, names, people, hashes. */
    line: 10_000,
  },
  /** Characters of all datasets of one answer together, as JSON. An answer is one string, and building it holds up other requests. */
  answerChars: 40_000_000,
  /** Entries of a list that is a parameter of an action, by its name. */
  entries: { tags: 2000, extras: 2000, groups: 1000, fq_list: 100 },
  /** Entries of the other lists: the resources of a dataset, the datasets of a group. */
  defaultEntries: 10_000,
} as const

/** The maximum number of entries of the list with this name. */
export const maxEntries = (list: string): number => (limits.entries as Readonly<Record<string, number>>)[list] ?? limits.defaultEntries

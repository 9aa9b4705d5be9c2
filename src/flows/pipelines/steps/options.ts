/** The options of each step. A dot leads into the objects of a list: `fields.target` is the key `target` of the entries of `fields`. */
export const stepOptions = {
  sort: { '': ['resources', 'sort-by', 'reverse'] },
  filter: { '': ['resources', 'in', 'out'] },
  set_types: { '': ['resources', 'types', 'regex'] },
  add_computed_field: { '': ['resources', 'fields'], fields: ['operation', 'target', 'source', 'with'] },
  find_replace: { '': ['resources', 'fields'], fields: ['name', 'patterns'], 'fields.patterns': ['find', 'replace'] },
  delete_fields: { '': ['resources', 'fields', 'regex'] },
  unpivot: { '': ['resources', 'regex', 'extraKeyFields', 'extraValueField', 'unpivot'], unpivot: ['name', 'keys'] },
  deduplicate: { '': ['resources'] },
} as const satisfies Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>

export type StepName = keyof typeof stepOptions

/** The steps that a spec may name. All are code of the hub; no module is loaded by name. */
export const stepNames = Object.keys(stepOptions)

/** The operations of `add_computed_field`. */
export const computedOperations = ['constant', 'sum', 'avg', 'min', 'max', 'multiply', 'join', 'format']

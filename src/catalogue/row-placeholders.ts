/** The placeholders of a statement for those columns that the example has: for statements that write rows as a whole. */
export function placeholdersOf<Row extends object>(placeholders: Row, example: { readonly [K in keyof Row]: unknown }): Row {
  return Object.fromEntries(Object.keys(example).map((name) => [name, placeholders[name as keyof Row]])) as Row
}

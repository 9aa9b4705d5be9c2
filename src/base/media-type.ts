/**
 * The `type/subtype` of a media type, safe for use in a header; undefined for an invalid one. Its parameters are dropped: the hub stores texts as
 * UTF-8, whatever charset they name.
 */
export function bareMediaType(value: unknown): string | undefined {
  return typeof value === 'string' ? /^([\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127})(?:\s*;[\x20-\x7e]*)?$/.exec(value)?.[1] : undefined
}

/**
 * The `type/subtype` of a media type, which may stand in a header; undefined for what is none. Parameters behind it are dropped: texts are
 * UTF-8 here, whatever they say.
 */
export function bareMediaType(value: unknown): string | undefined {
  return typeof value === 'string' ? /^([\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127})(?:\s*;[\x20-\x7e]*)?$/.exec(value)?.[1] : undefined
}

/** Longest version that is stored, in characters. */
export const maxVersionLength = 50

const number = '(?:0|[1-9][0-9]*)'
const preReleasePart = `(?:${number}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)`
/** Semantic version 2.0: no leading zeros, optional pre-release and build parts. */
export const versionPattern = `^${number}\\.${number}\\.${number}(?:-${preReleasePart}(?:\\.${preReleasePart})*)?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`
const wellFormed = new RegExp(versionPattern)

/** Whether the text is a semantic version that can be stored. The length is checked first, so that hostile texts cost nothing. */
export const isVersion = (text: string): boolean => text.length <= maxVersionLength && wellFormed.test(text)

/**
 * Text whose order by code point is the precedence of semantic versions: numbers by value, a pre-release below its
 * release, numeric parts below others, the shorter of two lists first, without the build part. Versions in any other
 * form (functions may have them) come before all of these, by code point.
 */
export function versionKey(version: string): string {
  if (!isVersion(version)) return ` ${version}`
  const withoutBuild = version.split('+', 1)[0] ?? ''
  const dash = withoutBuild.indexOf('-')
  const core = dash < 0 ? withoutBuild : withoutBuild.slice(0, dash)
  const numbers = core.split('.').map(numberKey).join('')
  if (dash < 0) return `${numbers}~`
  const parts = withoutBuild.slice(dash + 1).split('.')
  return numbers + parts.map((part) => (/^[0-9]+$/.test(part) ? `0${numberKey(part)}` : `1${part}`)).join('!')
}

/** The number of digits in two places, then the digits: as text it sorts in the order of the numbers. */
const numberKey = (digits: string) => String(digits.length).padStart(2, '0') + digits

/** What makes a manifest or a configuration unusable. */
export type FaultName =
  | 'JSON_VALIDATION_ERROR'
  | 'NAME_COLLISION_ERROR'
  | 'DUPLICATE_MOUNT_NAMES'
  | 'DUPLICATE_ERROR_NAMES'
  | 'INVALID_MOUNT_PATH'
  | 'INVALID_CONFIGURATION'
  | 'INVALID_VERSION'
  | 'HOST_ABSOLUTE_PATH'

/** What works, but may not be meant. */
export type WarningName =
  | 'MISSING_MOUNT'
  | 'MISSING_SETTING'
  | 'UNKNOWN_MOUNT'
  | 'UNKNOWN_SETTING'
  | 'NONSTANDARD_RESOURCE'
  | 'MISSING_ERROR_NAME'
  | 'NO_EFFECT'

/** One thing found while checking; the description is for people and never quotes a value, which may be a secret. */
export interface Finding<Name extends string = FaultName | WarningName> {
  readonly name: Name
  readonly description: string
}

export type Fault = Finding<FaultName>
export type Warning = Finding<WarningName>

/** Names come from users and may be long; a description shows their beginning. */
export const shorten = (name: string): string => (name.length <= 100 ? name : `${name.slice(0, 99)}…`)

/** Adds a finding's parts to a list of findings of the same kind. */
export const finding = <Name extends string>(name: Name, description: string): Finding<Name> => ({ name, description })

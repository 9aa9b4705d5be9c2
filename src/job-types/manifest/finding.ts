/** Codes of faults that make a manifest or a configuration invalid. */
export type FaultName =
  | 'JSON_VALIDATION_ERROR'
  | 'NAME_COLLISION_ERROR'
  | 'DUPLICATE_MOUNT_NAMES'
  | 'DUPLICATE_ERROR_NAMES'
  | 'INVALID_MOUNT_PATH'
  | 'INVALID_CONFIGURATION'
  | 'INVALID_VERSION'
  | 'HOST_ABSOLUTE_PATH'

/** Codes of warnings: valid, but probably not intended. */
export type WarningName =
  | 'MISSING_MOUNT'
  | 'MISSING_SETTING'
  | 'UNKNOWN_MOUNT'
  | 'UNKNOWN_SETTING'
  | 'NONSTANDARD_RESOURCE'
  | 'MISSING_ERROR_NAME'
  | 'NO_EFFECT'

/** A fault or warning. The description is for people and never quotes a value, which may be a secret. */
export interface Finding<Name extends string = FaultName | WarningName> {
  readonly name: Name
  readonly description: string
}

export type Fault = Finding<FaultName>
export type Warning = Finding<WarningName>

/** Shortens a name of a user, which may be long, for a description. */
export const shorten = (name: string): string => (name.length <= 100 ? name : `${name.slice(0, 99)}…`)

/** Adds a finding to a list. */
export const finding = <Name extends string>(name: Name, description: string): Finding<Name> => ({ name, description })

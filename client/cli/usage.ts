/** The words of a command were not understood. The message says what is wrong and what is wanted. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A command could not do its work, for a reason that is expected to occur, such as a file that is missing. The message is for the user. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

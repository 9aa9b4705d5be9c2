/** Who is to blame for a failure, in the words of job types. */
export type ErrorCategory = 'SYSTEM' | 'ALGORITHM' | 'DATA'

/** A kind of failure that the hub itself knows; those of a manifest come beside them. */
export interface ErrorRecord {
  /** Integer, the same on every hub. */
  readonly id: number
  readonly name: string
  readonly title: string
  readonly description: string
  readonly category: ErrorCategory
  readonly shouldBeRetried: boolean
}

/** Name, title, description. Their places in these lists are their ids: new ones go to the end of the last list. */
const retried: readonly (readonly [string, string, string])[] = [
  ['unknown', 'Unknown', 'Nobody knows what went wrong.'],
  ['database', 'Database', 'The database did not answer.'],
  ['database-operation', 'Database operation', 'The database refused a statement.'],
  ['filesystem-io', 'File system', 'A file could not be read or written.'],
  ['task-launch', 'Not started', 'The process of the job could not be started.'],
  ['docker-task-launch', 'Container not started', 'The container of the job could not be started.'],
  ['docker-terminated', 'Container ended', 'The container was ended from outside.'],
  ['node-lost', 'Worker lost', 'The worker was lost while the job ran.'],
  ['resource-starvation', 'Starved', 'The job waited too long for its resources.'],
  ['launch-timeout', 'Start took too long', 'The job did not start in time.'],
  ['pull', 'Image not pulled', 'The image could not be pulled.'],
  ['pull-timeout', 'Pull took too long', 'The image was not pulled in time.'],
  ['pre-timeout', 'Preparation took too long', 'The inputs were not there in time.'],
  ['post-timeout', 'Capture took too long', 'The outputs were not stored in time.'],
  ['system-timeout', 'System took too long', 'The hub did not do its part in time.'],
  ['scheduler-lost', 'Interrupted', 'The hub stopped while the job ran.'],
]
const final: readonly (readonly [string, string, string, ErrorCategory])[] = [
  ['missing-setting', 'Setting missing', 'A setting has no value.', 'SYSTEM'],
  ['missing-mount', 'Mount missing', 'A mount has no configuration.', 'SYSTEM'],
  ['timeout', 'Timeout', 'The job took longer than it may.', 'ALGORITHM'],
  ['algorithm-unknown', 'Job failed', 'The job ended with an error that its type does not name.', 'ALGORITHM'],
  ['invalid-results-manifest', 'Bad results', 'The results that the job wrote cannot be read.', 'ALGORITHM'],
  ['missing-required-output', 'Output missing', 'The job did not write an output that it has to.', 'ALGORITHM'],
  ['unexpected-multiple-outputs', 'Too many outputs', 'The job wrote several files where one is wanted.', 'ALGORITHM'],
  ['out-of-memory', 'Out of memory', 'The job needed more memory than it may.', 'ALGORITHM'],
]

const list: readonly ErrorRecord[] = [
  ...retried.map(([name, title, description]) => ({ name, title, description, category: 'SYSTEM', shouldBeRetried: true }) as const),
  ...final.map(([name, title, description, category]) => ({ name, title, description, category, shouldBeRetried: false })),
].map((record, at) => ({ id: at + 1, ...record }))

/** What the engine calls a failure of the system (`JobFailure.reason`), and the record that stands for it. */
const recordOfReason = new Map([
  ['worker_lost', 'node-lost'],
  ['interrupted', 'scheduler-lost'],
  ['not_stored', 'filesystem-io'],
  ['unavailable', 'database'],
  ['not_started', 'task-launch'],
])

/** The record for a failure's reason; a reason may also be the name of a record. Without one it is `unknown`. */
export function errorOfReason(reason: string): ErrorRecord {
  const name = recordOfReason.get(reason) ?? reason
  const found = list.find((record) => record.name === name) ?? list[0]
  if (!found) throw new Error('there are no error records')
  return found
}

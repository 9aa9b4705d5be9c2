/** When a type of job is due next without being asked for. */
interface JobScheduleTable {
  type: string
  /** The schedule as text; when it changes, `next_at` starts anew. */
  rule: string
  next_at: number
}

/** A planned time that was dealt with: no process deals with it again. */
interface JobScheduleRunTable {
  type: string
  planned_at: number
}

export interface ScheduleTables {
  job_schedule: JobScheduleTable
  job_schedule_run: JobScheduleRunTable
}

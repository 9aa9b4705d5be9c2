/** When the schedule of a job type is due next. */
interface JobScheduleTable {
  type: string
  /** The schedule as text; when it changes, `next_at` starts anew. */
  rule: string
  next_at: number
}

/** A planned time that has been handled: no process handles it again. */
interface JobScheduleRunTable {
  type: string
  planned_at: number
}

export interface ScheduleTables {
  job_schedule: JobScheduleTable
  job_schedule_run: JobScheduleRunTable
}

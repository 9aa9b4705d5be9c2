import type { AuthTables } from './auth.ts'
import type { CatalogueTables } from './catalogue.ts'
import type { FlowTables } from './flows.ts'
import type { JobTypeTables } from './job-types.ts'
import type { JobTables } from './jobs.ts'
import type { ScheduleTables } from './schedules.ts'

/** The change feed: an entry for each write that search, harvests or caches may need. */
interface ChangeTable {
  no: number
  kind: string
  entity_id: string
  what: string
  at: number
}

/** Settings that the hub stores about itself: ids, sealed keys, fingerprints. */
interface SettingTable {
  name: string
  value: string
}

/** The last number given out of each series of integers. */
interface CounterTable {
  name: string
  value: number
}

interface MigrationTable {
  name: string
  at: number
}

/** Every table of the hub; column names are SQL's. Times are milliseconds UTC, booleans 0 or 1, JSON is text. */
export interface Schema extends AuthTables, CatalogueTables, JobTables, JobTypeTables, FlowTables, ScheduleTables {
  change: ChangeTable
  setting: SettingTable
  counter: CounterTable
  migration: MigrationTable
}

import { actionSurface } from './action/routes.ts'
import { filesSurface } from './files/routes.ts'
import { jobTypesSurface } from './job-types/routes.ts'
import { pagesSurface } from './pages/routes.ts'
import { serviceSurface } from './service/routes.ts'
import { sourceSurface } from './source/routes.ts'
import type { Surface } from './surface.ts'

/** Every surface of the hub. Their paths do not collide. */
export const surfaces: readonly Surface[] = [actionSurface, filesSurface, jobTypesSurface, serviceSurface, sourceSurface, pagesSurface]

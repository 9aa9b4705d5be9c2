import { actionSurface } from './ckan/routes.ts'
import { filesSurface } from './files/routes.ts'
import { serviceSurface } from './job-service/routes.ts'
import { jobTypesSurface } from './job-types/routes.ts'
import { pagesSurface } from './pages/routes.ts'
import type { Surface } from './server/surface.ts'
import { sourceSurface } from './spec-store/routes.ts'

/** Every surface of the hub. Their paths do not collide. */
export const surfaces: readonly Surface[] = [actionSurface, filesSurface, jobTypesSurface, serviceSurface, sourceSurface, pagesSurface]

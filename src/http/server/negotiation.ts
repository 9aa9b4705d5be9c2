import accepts from '@fastify/accepts'
import compress from '@fastify/compress'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/** Lets `prefersPage` read what callers accept. */
export const addNegotiation = async (app: FastifyInstance): Promise<void> => {
  await app.register(accepts)
}

/** Whether the caller prefers an HTML page to JSON by its `Accept`. JSON wins where the header is missing or names neither. */
export const prefersPage = (request: FastifyRequest): boolean => request.accepts().type(['json', 'html']) === 'html'

/**
 * Compresses texts from 1 KiB on that the routes of a scope send, for callers that accept it. It is for pages and static files: answers of the
 * APIs are many and small, and would pay for it with time. Register it before the routes.
 */
export const addCompression = async (scope: FastifyInstance): Promise<void> => {
  await scope.register(compress, { globalDecompression: false, encodings: ['br', 'gzip'] })
}

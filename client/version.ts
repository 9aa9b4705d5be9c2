/** This package's version, as in its manifest; part of the default User-Agent. */
export const VERSION = '0.1.0'

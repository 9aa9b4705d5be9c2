/** This program's version, as in its manifest. */
export const version = '0.1.0'

/** The CKAN whose Action API this hub speaks: clients choose their parameters by it. */
export const ckanVersion = '2.11.5'

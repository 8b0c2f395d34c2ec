import manifest from '../../package.json' with { type: 'json' }

/** This version of shotlock. */
export const version: string = manifest.version

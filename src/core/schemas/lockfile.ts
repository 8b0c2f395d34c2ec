import { Ajv } from 'ajv'
import schema from '../../../schemas/lockfile.schema.json' with { type: 'json' }

/** A whole lockfile; stops at the first error. */
export const validateLockfile = new Ajv({ allErrors: false }).compile(schema)

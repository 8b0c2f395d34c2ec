import { Ajv } from 'ajv'
import schema from '../../../schemas/prices.schema.json' with { type: 'json' }

/** A whole price file. */
export const validatePrices = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema)

/** Names of the fields at the top of a price file and of a price. */
export const priceFields: readonly string[] = [
  ...Object.keys(schema.properties),
  ...Object.keys(schema.definitions.price.properties),
]

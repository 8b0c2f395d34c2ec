import { Ajv } from 'ajv'
import schema from '../../../schemas/manifest.schema.json' with { type: 'json' }

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true })
ajv.addSchema(schema)
const { shots: _, ...rootProperties } = schema.properties
const { $id: _id, ...anonymous } = schema

/** Everything of a manifest but its shots. */
export const validateRoot = ajv.compile({
  ...anonymous,
  required: [],
  properties: { ...rootProperties, shots: {} },
})

/** One shot. All errors at once are linear in a shot, and would be quadratic in a manifest. */
export const validateShot = ajv.getSchema(`${schema.$id}#/definitions/shot`)!

/** Names of the fields at the top of a manifest. */
export const rootFields: readonly string[] = Object.keys(schema.properties)

/** Names of the fields of a shot. */
export const shotFields: readonly string[] = Object.keys(schema.definitions.shot.properties)

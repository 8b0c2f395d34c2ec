import { Ajv } from 'ajv'
import schema from '../../../schemas/manifest.schema.json' with { type: 'json' }

// Without copies of what is referred to the compiled code is shorter, and reading code is most of start-up.
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, inlineRefs: false })
ajv.addSchema(schema)
const { $id, definitions: _, ...root } = schema
const fields = Object.keys(schema.properties)

/** Everything of a manifest but its shots. */
export const validateRoot = ajv.compile({
  ...root,
  required: [],
  properties: {
    ...Object.fromEntries(fields.map((name) => [name, { $ref: `${$id}#/properties/${name}` }])),
    shots: {},
  },
})

/** One shot. All errors at once are linear in a shot, and would be quadratic in a manifest. */
export const validateShot = ajv.getSchema(`${$id}#/definitions/shot`)!

/** Names of the fields at the top of a manifest. */
export const rootFields: readonly string[] = fields

/** Names of the fields of a shot. */
export const shotFields: readonly string[] = Object.keys(schema.definitions.shot.properties)

import { isMap } from 'yaml'
import { RunnerError } from './errors.js'
import { type Rate, rateOf, type WrittenPrice } from './prices.js'
import { describeSchemaErrors } from './schema-problems.js'
import { priceFields, validatePrices } from './schemas/prices.js'
import { fieldNode } from './yaml-nodes.js'
import { decodeUtf8, plainValue, problemSink, readYaml, startOf } from './yaml-source.js'

/**
 * Reads a price file.
 *
 * @throws RunnerError `prices-invalid` with the place in the file.
 */
export function parsePriceFile(content: Uint8Array | string, file: string): Rate[] {
  const decoded = typeof content === 'string' ? { text: content } : decodeUtf8(content)
  if ('fault' in decoded) throw invalid(file, decoded.line, decoded.fault)
  const sink = problemSink(file, decoded.text)
  const document = readYaml(sink)
  const [first] = sink.problems
  if (!document || first) throw invalid(file, first?.line ?? 1, first?.message ?? 'it is not YAML')

  const root = document.contents
  if (!isMap(root)) throw invalid(file, 1, 'it must be a map with "version" and "prices"')
  const plain = plainValue(root, document, sink)?.value
  if (!validatePrices(plain)) {
    const faults = describeSchemaErrors(validatePrices.errors ?? [], plain, priceFields)
    // A mistyped field is also a missing one, and its own name says more.
    const fault = faults.find(({ code }) => code === 'unknown-field') ?? faults[0]
    const path = fault?.path.map((key) => (/^\d+$/.test(key) ? Number(key) : key)) ?? []
    const node = fieldNode(root, path) ?? fieldNode(root, path.slice(0, -1))
    const line = sink.source.positionAt(node ? startOf(node) : 0).line
    throw invalid(file, line, fault?.message ?? 'it is not a price file')
  }
  const { prices } = plain as { prices: WrittenPrice[] }
  return prices.map((price) => rateOf(price, file))
}

function invalid(file: string, line: number, what: string): RunnerError {
  return new RunnerError('prices-invalid', `Cannot read the prices in "${file}": line ${line}: ${what}`, {
    hint: 'See docs/pricing.md for the format. Nothing was sent.',
  })
}

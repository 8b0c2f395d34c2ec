// Reads a YAML file and parses it whole, with the check of unique keys off (it is quadratic), and does nothing else.
//
//   node yaml-parse.mjs FILE
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

const data = parse(readFileSync(process.argv[2], 'utf8'), { uniqueKeys: false })
if (Object.keys(data.shots).length === 0) process.exitCode = 1

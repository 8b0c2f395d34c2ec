import { execFileSync } from 'node:child_process'

/** Builds the binary before the tests run it, so that none of them sees an old one. */
export default function setup(): void {
  execFileSync(process.execPath, ['scripts/build.mjs', '--no-types'], { stdio: 'inherit' })
}

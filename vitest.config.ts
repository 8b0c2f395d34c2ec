import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { reviewPageInTests } from './scripts/build-page.mjs'
import { compiledSchemasInTests } from './scripts/compile-schemas.mjs'

/** As in scripts/build.mjs, so that what is tested is what is shipped. */
const asBuilt = {
  plugins: [compiledSchemasInTests, reviewPageInTests],
  resolve: {
    alias: { yaml: fileURLToPath(new URL('node_modules/yaml/browser/index.js', import.meta.url)) },
  },
}

export default defineConfig({
  test: {
    globalSetup: 'test/support/build.ts',
    // Most tests of the binary wait for simulated tasks, not for a processor.
    maxWorkers: 3,
    reporters: process.env.CI
      ? ['default', ['json', { outputFile: 'coverage/test-results.json' }]]
      : ['default'],
    projects: [
      // Pure functions share nothing, so their files can share a worker: three times as fast.
      {
        ...asBuilt,
        test: {
          name: 'core',
          include: ['test/core/**/*.test.ts'],
          pool: 'threads',
          isolate: false,
          testTimeout: 60_000,
        },
      },
      {
        ...asBuilt,
        test: {
          name: 'world',
          include: ['test/**/*.test.ts'],
          exclude: ['test/core/**', 'test/browser/**'],
          testTimeout: 60_000,
        },
      },
      {
        ...asBuilt,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: 'test/support/provide-browser.ts',
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 20_000 } },
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['src/core/**', 'src/engine/**'],
      reporter: ['text', 'json-summary'],
      thresholds: { lines: 90 },
    },
  },
})

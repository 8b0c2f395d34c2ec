import { defineConfig } from 'vitest/config'

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
        test: {
          name: 'core',
          include: ['test/core/**/*.test.ts'],
          pool: 'threads',
          isolate: false,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'world',
          include: ['test/**/*.test.ts'],
          exclude: ['test/core/**'],
          testTimeout: 60_000,
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

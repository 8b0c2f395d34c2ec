import type { Plugin } from 'vitest/config'

export declare const compiledSchemasInTests: Pick<Plugin, 'name' | 'enforce' | 'load'>

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from './chance.js'

/** Images that came with requests, each kept once, named by the SHA-256 of its bytes. */
export interface InputStore {
  /** Returns the image's name. */
  save(bytes: Uint8Array): string
  read(name: string): Uint8Array | undefined
}

/** @param folder An existing folder; `undefined` keeps images in memory. */
export function openInputs(folder: string | undefined): InputStore {
  if (folder === undefined) {
    const images = new Map<string, Uint8Array>()
    return {
      save(bytes) {
        const name = sha256(bytes)
        images.set(name, bytes)
        return name
      },
      read: (name) => images.get(name),
    }
  }
  return {
    save(bytes) {
      const name = sha256(bytes)
      const path = join(folder, name)
      if (!existsSync(path)) {
        writeFileSync(`${path}.part`, bytes)
        renameSync(`${path}.part`, path)
      }
      return name
    },
    read: (name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name)) : undefined),
  }
}

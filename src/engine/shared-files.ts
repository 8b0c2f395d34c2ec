import type { Files } from '../ports/files.js'

/**
 * Files for looking at many manifests at one moment: what is asked of a path twice, such as where its project begins or
 * what stands in a file that all extend, is looked up once. Everything that is read is kept: not for large files.
 */
export function sharedFiles(files: Files): Files {
  return {
    ...files,
    exists: remembered((path) => files.exists(path)),
    realPath: remembered((path) => files.realPath(path)),
    read: remembered((path) => files.read(path)),
  }
}

function remembered<T>(ask: (path: string) => Promise<T>): (path: string) => Promise<T> {
  const answers = new Map<string, Promise<T>>()
  return (path) => {
    const answer = answers.get(path) ?? ask(path)
    answers.set(path, answer)
    return answer
  }
}

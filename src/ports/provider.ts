import type { CreateAnswer } from '../core/create-answer.js'
import type { VideoRequest } from '../core/request.js'
import type { Task, TaskId } from '../core/task.js'

export interface CallOptions {
  signal?: AbortSignal | undefined
}

/** One stretch of a file being downloaded. */
export interface Download {
  /** Where the first of `chunks` stands in the file: the offset asked for, or 0 when the server began anew. */
  offset: number
  /** Size of the whole file in bytes; `undefined` when the server did not say. */
  totalBytes: number | undefined
  chunks: AsyncIterable<Uint8Array>
}

/** Who serves the video API. `create` alone costs money; everything else is free and may be repeated. */
export interface Provider {
  /** `ark`, `byteplus`, `simulator`, or a relay's host name: what the lockfile records. */
  readonly name: string
  /**
   * Asks whether the provider can be reached and takes the key, without buying anything.
   * @throws RunnerError `account-refused` or `provider-unreachable`.
   */
  check(options?: CallOptions): Promise<void>
  /** Sends one create over a connection of its own. Never repeats itself and never throws: every ending is an answer. */
  create(request: VideoRequest): Promise<CreateAnswer>
  /** @throws ProviderError when no readable task came back; the task itself may be fine. */
  retrieve(id: TaskId, options?: CallOptions): Promise<Task>
  /**
   * Asks for many tasks in one call. Tasks that the provider does not list are left out.
   *
   * @param ids At most `listLimit`.
   * @throws ProviderError as `retrieve`; status 404 or 405 or no status means that there is no LIST here.
   */
  listByIds(ids: readonly TaskId[], options?: CallOptions & { flex?: boolean }): Promise<Task[]>
  readonly listLimit: number
  /**
   * One page of all tasks of the account, in no certain order.
   *
   * @param page 1-based. @returns The tasks, and how many there are in all.
   * @throws ProviderError as `listByIds`.
   */
  listPage(page: number, options: CallOptions & { flex: boolean }): Promise<{ tasks: Task[]; total: number }>
  /**
   * Reads a result from `offset` on. The API key is not sent: the URL carries its own signature.
   * @throws ProviderError with the HTTP status; 403 and 404 mean that the URL has died.
   */
  download(url: string, options?: CallOptions & { offset?: number }): Promise<Download>
  /**
   * Sends one DELETE, which cancels a queued task and **destroys the record of a finished one**, and with it the only
   * way to a paid result: to be called only right after `retrieve` said `queued`. Never repeats itself, and is given up
   * rather than sent late. What it did, only `retrieve` tells.
   *
   * @throws ProviderError with status 409 when the task runs, 404 or 405 when there is no such task or no DELETE here,
   *   no status when no answer came.
   */
  remove(id: TaskId): Promise<void>
  /** Lets go of connections. */
  close(): Promise<void>
}

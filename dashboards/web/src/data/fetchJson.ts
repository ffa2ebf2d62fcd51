/** Why a request gave nothing: three different states for a reader. */
export type FetchProblem = 'denied' | 'missing' | 'failed'

/** A request that gave nothing; `message` is the node's own sentence where it sent one. */
export class FetchError extends Error {
  readonly problem: FetchProblem

  constructor(problem: FetchProblem, message: string) {
    super(message)
    this.problem = problem
  }
}

/** JSON of a GET to the node that served this page. Throws FetchError. */
export async function fetchJson<T>(path: string): Promise<T> {
  const response = await request(path)
  try {
    return (await response.json()) as T
  } catch {
    throw new FetchError('failed', `${path} did not answer with JSON`)
  }
}

/** Bytes of a GET, or undefined when the node has none. Throws FetchError for everything else. */
export async function fetchBytes(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await (await request(path)).arrayBuffer())
  } catch (error) {
    if (error instanceof FetchError && error.problem === 'missing') return undefined
    throw error
  }
}

async function request(path: string): Promise<Response> {
  let response: Response
  try {
    response = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(10_000) })
  } catch {
    throw new FetchError('failed', 'the node does not answer')
  }
  if (response.ok) return response
  const body = (await response.json().catch(() => undefined)) as { message?: string } | undefined
  const problem =
    response.status === 401 || response.status === 403
      ? 'denied'
      : response.status === 404
        ? 'missing'
        : 'failed'
  throw new FetchError(problem, body?.message ?? `${path} answered ${response.status}`)
}

// The one way to the server: cookie session, CSRF header on unsafe verbs, problem+json turned into a Fault that a person can read.
import { takeEarly } from '../early';
import { openings, whenOpen } from './shut';

export interface Problem {
  status: number;
  code: string;
  title?: string;
  detail?: string;
  what?: string;
  current?: unknown;
}

/** An answer that is not a success; `code` is stable and has words in both catalogues as `fault.<code>`. */
export class Fault extends Error {
  readonly status: number;
  readonly code: string;
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(`${problem.status} ${problem.code}`);
    this.status = problem.status;
    this.code = problem.code;
    this.problem = problem;
  }
}

let csrf = '';
let onSignedOut: (() => void) | null = null;
let onLocked: (() => void) | null = null;

/** Called with each session document: its token goes with every change from then on. */
export function setCsrf(token: string): void {
  csrf = token;
}
/** Called once by the shell: what to do when the server no longer knows the session. */
export function setSignedOut(then: () => void): void {
  onSignedOut = then;
}

/** Called once by the shell: what to do when the session was locked, here or in another tab. */
export function setLocked(then: () => void): void {
  onLocked = then;
}

export interface CallOptions {
  method?: string;
  /** Sent as JSON; a file goes as its bytes. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Milliseconds until the call is given up; the default suits a slow county line. */
  timeout?: number;
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const problem = (await answer.json()) as Partial<Problem>;
    return { ...problem, status: answer.status, code: problem.code ?? `http_${answer.status}` };
  } catch {
    return { status: answer.status, code: `http_${answer.status}` };
  }
}

/** Whether this refusal says that there is no session any more. The session itself is asked for where nobody need be signed in; of its own
 * addresses a wrong password is refused with the same status. */
function isOver(path: string, code: string): boolean {
  if (path === '/api/session') return false;
  return path.startsWith('/api/session') ? code === 'unauthenticated' : code !== 'reauth';
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

async function once(path: string, options: CallOptions, method: string): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers };
  const file = options.body instanceof Blob;
  if (options.body !== undefined) headers['Content-Type'] = file ? 'application/octet-stream' : 'application/json';
  if (method !== 'GET' && csrf) headers['X-CSRF-Token'] = csrf;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new DOMException('timeout', 'TimeoutError')), options.timeout ?? 30_000);
  const relay = () => stop.abort(options.signal?.reason);
  options.signal?.addEventListener('abort', relay);
  try {
    return await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      body: options.body === undefined ? undefined : file ? (options.body as Blob) : JSON.stringify(options.body),
      signal: stop.signal,
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    const late = error instanceof DOMException && error.name === 'TimeoutError';
    throw new Fault({ status: 0, code: late ? 'timeout' : 'offline' });
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', relay);
  }
}

/** Calls the server and gives the decoded body (undefined for 204). Reads are tried again on 503; changes never are. */
export async function call<T>(path: string, options: CallOptions = {}): Promise<T> {
  const method = options.method ?? 'GET';
  const asked = openings();
  for (let attempt = 0; ; attempt += 1) {
    const answer = (method === 'GET' && (await takeEarly(path))) || (await once(path, options, method));
    if (answer.ok) {
      if (answer.status === 204) return undefined as T;
      const text = await answer.text();
      return (text ? JSON.parse(text) : undefined) as T;
    }
    if (answer.status === 503 && method === 'GET' && attempt < 2) {
      await pause(400 * (attempt + 1) + Math.random() * 200);
      continue;
    }
    const problem = await problemOf(answer);
    // What was asked behind the lock and answered after it was opened says nothing of now.
    if (answer.status === 423 && problem.code === 'page_locked' && asked === openings()) onLocked?.();
    if (answer.status === 401 && isOver(path, problem.code)) onSignedOut?.();
    throw new Fault(problem);
  }
}

/** A picture's bytes, once the page is open: behind the lock the server gives none, and what was waited for comes after it. */
export async function picture(path: string, signal: AbortSignal): Promise<Response> {
  for (;;) {
    await whenOpen();
    const asked = openings();
    const answer = await fetch(path, { signal, credentials: 'same-origin' });
    if (answer.status !== 423) return answer;
    if (asked === openings()) onLocked?.();
  }
}

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => call<T>(path, { signal });
export const post = <T>(path: string, body?: unknown, headers?: Record<string, string>): Promise<T> =>
  call<T>(path, { method: 'POST', body: body ?? {}, headers });
export const put = <T>(path: string, body?: unknown, headers?: Record<string, string>): Promise<T> =>
  call<T>(path, { method: 'PUT', body: body ?? {}, headers });
export const remove = <T>(path: string): Promise<T> => call<T>(path, { method: 'DELETE' });

/** A query string without empty values. */
export function query(parts: Record<string, string | number | undefined | null>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(parts))
    if (value !== undefined && value !== null && value !== '') params.set(key, String(value));
  const text = params.toString();
  return text ? `?${text}` : '';
}

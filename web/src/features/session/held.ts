// What all tabs of this browser know of the lock, and a page loaded anew: whose page is locked, and when somebody last touched one.

export const LOCKED = 'yg.locked';
const TOUCHED = 'yg.touched';
/** As long as the server's session may idle. */
const IDLE_MS = 15 * 60_000;

export interface Held {
  account: string;
  /** The server has heard of it. */
  told: boolean;
}

/** The lock of this person, if it is held. */
export function held(account: string): Held | null {
  try {
    const kept = JSON.parse(localStorage.getItem(LOCKED) ?? 'null') as Held | null;
    return kept?.account === account ? kept : null;
  } catch {
    return null;
  }
}

export function hold(account: string, told: boolean): void {
  // A lock the server knows stays known: what is told again by mistake would be written into its log again.
  localStorage.setItem(LOCKED, JSON.stringify({ account, told: told || held(account)?.told === true } satisfies Held));
}

/** The server says that it knows of no such lock. */
export function unheard(account: string): void {
  localStorage.setItem(LOCKED, JSON.stringify({ account, told: false } satisfies Held));
}

export const release = (): void => localStorage.removeItem(LOCKED);

export const touched = (): void => localStorage.setItem(TOUCHED, String(Date.now()));

/** Nobody has touched a page for as long as a session may idle. A browser that has kept nothing has just been opened. */
export const idle = (): boolean => Date.now() - Number(localStorage.getItem(TOUCHED) ?? Date.now()) > IDLE_MS;

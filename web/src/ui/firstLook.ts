// The engine and the reading page are large: while they are read and drawn nothing else can be. The first preview comes before them.

/** The preview is waited for so long at most, and only for the first item of a visit. */
const MOST_MS = 600;

let seen: () => void = () => undefined;
const look = new Promise<void>((resolve) => {
  seen = resolve;
});

/** Called when a preview stands, or when there is none to wait for. */
export function looked(): void {
  // It is on the screen only when the next picture of the page has been made.
  requestAnimationFrame(() => setTimeout(seen));
}

/** Answers once the first preview of the page stands, or after a moment without. */
export const firstLook = (): Promise<void> => Promise.race([look, new Promise<void>((go) => setTimeout(go, MOST_MS))]);

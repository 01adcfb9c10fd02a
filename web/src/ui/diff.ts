// Difference of two texts by words (Latin) or characters (Chinese), longest common subsequence, bounded.
export interface Piece {
  kind: 'same' | 'gone' | 'new';
  text: string;
}

function cut(text: string): string[] {
  return text.match(/[A-Za-z0-9.]+|\s+|[\s\S]/gu) ?? [];
}

/** Pieces that turn `a` into `b`. Texts beyond 3,000 tokens each are compared by line instead, so a paste cannot freeze the page. */
export function diff(a: string, b: string): Piece[] {
  let x = cut(a);
  let y = cut(b);
  if (x.length > 3000 || y.length > 3000) {
    x = a.split(/(?<=\n)/);
    y = b.split(/(?<=\n)/);
  }
  let head = 0;
  while (head < x.length && head < y.length && x[head] === y[head]) head += 1;
  let tail = 0;
  while (tail < x.length - head && tail < y.length - head && x[x.length - 1 - tail] === y[y.length - 1 - tail]) tail += 1;
  const p = x.slice(head, x.length - tail);
  const q = y.slice(head, y.length - tail);
  const width = q.length + 1;
  const table = new Uint16Array((p.length + 1) * width);
  const at = (i: number, j: number) => table[i * width + j] ?? 0;
  for (let i = p.length - 1; i >= 0; i -= 1) {
    for (let j = q.length - 1; j >= 0; j -= 1) {
      table[i * width + j] = p[i] === q[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const out: Piece[] = [];
  const put = (kind: Piece['kind'], text: string) => {
    if (!text) return;
    const last = out[out.length - 1];
    if (last?.kind === kind) last.text += text;
    else out.push({ kind, text });
  };
  put('same', x.slice(0, head).join(''));
  let i = 0;
  let j = 0;
  while (i < p.length || j < q.length) {
    if (i < p.length && j < q.length && p[i] === q[j]) {
      put('same', p[i] ?? '');
      i += 1;
      j += 1;
    } else if (i < p.length && (j >= q.length || at(i + 1, j) >= at(i, j + 1))) {
      put('gone', p[i] ?? '');
      i += 1;
    } else {
      put('new', q[j] ?? '');
      j += 1;
    }
  }
  put('same', x.slice(x.length - tail).join(''));
  return out;
}

// Numbers as they are typed: a Chinese keyboard gives full-width digits, and either sign before the fraction.

/** The number, or NaN for anything else. */
export function typedNumber(text: string): number {
  const plain = text
    .normalize('NFKC')
    .trim()
    .replace(/[,\u3002\uFF61]/, '.');
  return /^\d+(\.\d*)?$|^\.\d+$/.test(plain) ? Number(plain) : Number.NaN;
}

// Is the person on the images the one the report is written for? Compared field by field; what one side does not know is no quarrel.

export interface PersonLike {
  name: string;
  sex: string;
  birth_date: string;
}

export type Quarrel = 'name' | 'sex' | 'birth_date';

const plain = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(/[\s^=\u3000\u00b7]/g, '')
    .toUpperCase();

/** Fields that contradict each other. */
export function quarrels(a: PersonLike, b: PersonLike): Quarrel[] {
  const out: Quarrel[] = [];
  if (a.name && b.name && plain(a.name) !== plain(b.name)) out.push('name');
  const known = (s: string): boolean => s === 'M' || s === 'F';
  if (known(a.sex) && known(b.sex) && a.sex !== b.sex) out.push('sex');
  if (a.birth_date && b.birth_date && a.birth_date !== b.birth_date) out.push('birth_date');
  return out;
}

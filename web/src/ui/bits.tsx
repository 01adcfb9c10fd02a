// Small pieces used on every page: priority and state chips, countdown, key hints, patient line, person.
import { useEffect, useState } from 'react';
import type { PatientHead, Person, Priority } from '../api/types';
import { useWords } from '../i18n';
import { showKeys } from '../keys/model';
import { due, span } from './format';

/** Filled red for 急诊 and 危重 only; everything else is outlined, and routine is plain text. */
export function PriorityChip({ priority }: { priority: Priority }) {
  const { t } = useWords();
  const filled = priority === 'stat' || priority === 'emergency';
  return (
    <span className={filled ? 'chip' : priority === 'urgent' ? 'chip tone-amber' : 'chip chip-plain'} data-fill={filled}>
      {t(`priority.${priority}`)}
    </span>
  );
}

export function Tag({
  tone,
  children,
  fill,
}: {
  tone?: 'red' | 'orange' | 'amber' | 'green' | 'blue' | 'violet';
  children: React.ReactNode;
  fill?: boolean;
}) {
  return (
    <span className={`chip ${tone ? `tone-${tone}` : 'chip-dim'}`} data-fill={fill || undefined}>
      {children}
    </span>
  );
}

export function Keys({ keys }: { keys: string }) {
  return (
    <span aria-hidden="true" className="nowrap">
      {showKeys(keys.split('|')[0] ?? '').map((k) => (
        <kbd className="kbd" key={k}>
          {k}
        </kbd>
      ))}
    </span>
  );
}

/** Server time, ticking; `serverNow` is what the newest answer said and `at` when it came. */
export function useServerNow(serverNow: number | undefined, everyMs = 5_000): number {
  const [offset, setOffset] = useState(0);
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (serverNow) setOffset(serverNow - Date.now());
  }, [serverNow]);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now + offset;
}

export function useSpan(): (ms: number) => string {
  const { t } = useWords();
  return (ms) => {
    const s = span(ms);
    return t(s.key, s.values);
  };
}

/** Remaining time as bar and words; late items say so in words, not by colour alone. */
export function DueCell({ arrived, deadline, now, stopped }: { arrived: number; deadline: number | null; now: number; stopped?: boolean }) {
  const { t } = useWords();
  const words = useSpan();
  const d = due(arrived, deadline, now);
  if (d.tone === 'none' || stopped) return <span className="dim">–</span>;
  return (
    <span className="due" data-tone={d.tone}>
      <span className="due-bar" aria-hidden="true">
        <i style={{ width: `${Math.round(d.used * 100)}%` }} />
      </span>
      <span className="nowrap">{d.left < 0 ? t('due.over', { span: words(d.left) }) : words(d.left)}</span>
    </span>
  );
}

export function useSex(): (sex: string) => string {
  const { t } = useWords();
  return (sex) => (sex === 'M' || sex === 'F' || sex === 'O' ? t(`sex.${sex}`) : t('sex.unknown'));
}

/** The server's age text (`57Y`, `3M`, `57岁`) in the page's language. */
export function useAge(): (age: string) => string {
  const { t } = useWords();
  return (age) => {
    const m = /^0*(\d+)\s*([YMWD\u5c81]?)$/.exec(age ?? '');
    if (!m) return age ?? '';
    const unit = m[2] === '' || m[2] === '\u5c81' ? 'Y' : m[2];
    return t(`age.${unit}`, { n: Number(m[1]) });
  };
}

/** Name with sex and age; pinyin stands ready for readers without the character and for rare characters the font lacks. */
export function PatientName({ patient, strong }: { patient: PatientHead; strong?: boolean }) {
  const { t } = useWords();
  return (
    <span
      className="cut"
      title={[patient.name, patient.pinyin, patient.local_id].filter(Boolean).join(' · ')}
      style={strong ? { fontWeight: 600 } : undefined}
    >
      <bdi>{patient.name || t('patient.unnamed')}</bdi>
      {!patient.identified && <span className="tone-orange"> ({t('patient.unidentified')})</span>}
    </span>
  );
}

export function usePersonName(): (p: Person | null | undefined) => string {
  const { t, pick } = useWords();
  return (p) => (!p ? '' : p.id.startsWith('system') ? t('person.system') : pick(p.name, p.name_en).replace(/^peer:/, ''));
}

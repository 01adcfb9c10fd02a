// The places of a person in one row; those that find no room stand in a menu behind them.
import { Menu, UnstyledButton } from '@mantine/core';
import { Link, useLocation } from '@tanstack/react-router';
import { useLayoutEffect, useRef, useState } from 'react';
import { CONCERNED } from './features/critical/queries';
import { useCan, useSession } from './features/session/queries';
import { useWords } from './i18n';

interface Place {
  to: string;
  name: string;
}

/** Where the rights of this person lead, in the order of the day's work. */
export function usePlaces(): Place[] {
  const session = useSession();
  const can = useCan();
  const readsEcg = can('write', 'audit') && session.roles.some((r) => [r.pipelines].flat().some((p) => p === 'ecg' || p === '*'));
  const all: [boolean, string, string][] = [
    [can('write', 'audit'), '/worklist', 'worklist'],
    [can('verify', 'enter_results'), '/lab', 'lab'],
    [!can('verify', 'enter_results') && can('receive_specimen'), '/lab/specimens', 'specimens'],
    [can(...CONCERNED), '/clinic', 'clinic'],
    [!can(...CONCERNED) && readsEcg, '/clinic/ecg/unmatched', 'ecg_unmatched'],
    [can('raise_critical', 'acknowledge_critical', 'lead'), '/critical', 'critical'],
    [can('link_identity', 'upload', 'lead'), '/quarantine', 'quarantine'],
    [can('write', 'audit', 'link_identity', 'lead'), '/archives', 'archives'],
    [can('withdraw'), '/withdrawals', 'withdrawals'],
    [can('upload', 'lead', 'administer'), '/outbox', 'outbox'],
    [can('qc_records', 'lead', 'administer'), '/storage', 'storage'],
    [can('administer'), '/admin/facilities', 'admin'],
  ];
  return all.filter(([open]) => open).map(([, to, name]) => ({ to, name }));
}

/** How many of the row's links stand in its first line: the row wraps, and what wraps is out of sight. */
function useFitting(n: number, words: string): [React.RefObject<HTMLElement | null>, number] {
  const row = useRef<HTMLElement>(null);
  const [fits, setFits] = useState(n);
  useLayoutEffect(() => {
    const nav = row.current;
    if (!nav) return;
    const count = () => {
      const links = [...nav.children].filter((e): e is HTMLElement => e instanceof HTMLElement);
      const top = links[0]?.offsetTop ?? 0;
      setFits(links.filter((e) => e.offsetTop === top).length);
    };
    count();
    const observer = new ResizeObserver(count);
    // Its links too: a font that comes late makes them wider.
    for (const element of [nav, ...nav.children]) observer.observe(element);
    return () => observer.disconnect();
  }, [n, words]);
  return [row, fits];
}

/** Is told the places: while somebody signs out the address changes when there is no session any more. */
export function Places({ places }: { places: Place[] }) {
  const { t, language } = useWords();
  const path = useLocation({ select: (location) => location.pathname });
  const [row, fits] = useFitting(places.length, language);
  const here = (to: string) => path === to || path.startsWith(`${to}/`);
  const rest = places.slice(fits);
  return (
    <>
      <nav ref={row} className="places" aria-label={t('nav.main')}>
        {places.map((p, i) => (
          <Link key={p.to} to={p.to as never} className="nav-link" style={i < fits ? undefined : { visibility: 'hidden' }}>
            {t(`nav.${p.name}`)}
          </Link>
        ))}
      </nav>
      {rest.length > 0 && (
        <Menu position="bottom-start" withinPortal>
          <Menu.Target>
            <UnstyledButton className="nav-link" fz={13} data-status={rest.some((p) => here(p.to)) ? 'active' : undefined}>
              {t('nav.more')} <span aria-hidden="true">▾</span>
            </UnstyledButton>
          </Menu.Target>
          <Menu.Dropdown>
            {rest.map((p) => (
              <Menu.Item
                key={p.to}
                component={Link}
                to={p.to as never}
                aria-current={here(p.to) ? 'page' : undefined}
                rightSection={here(p.to) ? <span className="dim">{t('nav.here')}</span> : null}
              >
                {t(`nav.${p.name}`)}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </>
  );
}

// The frame around every page: places by right, critical bell, line state, language, theme, person. It owns the event line.
import { ActionIcon, Menu, Tooltip, UnstyledButton } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { useCallback, useEffect, useState } from 'react';
import { Fault, setLocked, setSignedOut } from './api/client';
import { useLineState, useLiveLine } from './api/live';
import { CriticalInbox } from './features/critical';
import { alertsQuery, CONCERNED } from './features/critical/queries';
import { release } from './features/session/held';
import { LockScreen } from './features/session/LockScreen';
import { lockNow, useIdleLock, useLockOfOtherTabs, useShut } from './features/session/lock';
import { FirstPassword, PasswordDialog } from './features/session/Password';
import { saveSettings, signOut, useCan, useSession } from './features/session/queries';
import { setLanguage, useWords } from './i18n';
import { useKeys } from './keys';
import { KeySheet } from './keys/KeySheet';
import { Places, usePlaces } from './Places';
import { BellIcon, KeyboardIcon, MoonIcon, SunIcon } from './ui/icons';
import { useScheme } from './ui/scheme';

export function Shell() {
  const { t, language, pick } = useWords();
  const session = useSession();
  const can = useCan();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [sheet, showSheet] = useState(false);
  const line = useLineState();
  useLiveLine(client, true);
  const { scheme, toggle } = useScheme(session.settings?.theme, session.rights);

  const [password, askPassword] = useState(false);
  const shut = session.locked || session.must_change;
  // What was open before the lock stays, with its text; a page that is opened locked begins when it is unlocked.
  const [begun, begin] = useState(!shut);
  useEffect(() => {
    if (!shut) begin(true);
  }, [shut]);
  const places = usePlaces();
  useShut(client, shut);
  useIdleLock(client, !shut);
  useLockOfOtherTabs(client);

  const [stuck, setStuck] = useState(false);
  // Once the page has gone: what is still drawn needs its session.
  const forget = useCallback(() => client.removeQueries({ predicate: (query) => query.queryKey[0] !== 'public' }), [client]);
  const leave = useCallback(async () => {
    setStuck(false);
    try {
      await signOut();
    } catch (error) {
      // Who has not signed out is told: the next person at this machine would be this one.
      if (!(error instanceof Fault && error.status === 401)) {
        if (shut) setStuck(true);
        else notifications.show({ color: 'red', message: t('login.out_failed') });
        return;
      }
    }
    release();
    sessionStorage.clear();
    await navigate({ to: '/login', replace: true });
    forget();
  }, [forget, navigate, t, shut]);
  useEffect(() => {
    setLocked(() => lockNow(client, true));
    // A session that ended while somebody was writing must not throw the text away: the editor's buffer stays for the same person.
    setSignedOut(() => {
      if (location.pathname === '/login') return;
      notifications.show({ color: 'orange', message: t('login.ended') });
      void navigate({ to: '/login', search: { back: location.pathname + location.search } as never, replace: true }).then(forget);
    });
  }, [client, forget, navigate, t]);
  useEffect(() => {
    document.title = t('app.name');
  }, [t]);

  useKeys('shell', [{ id: 'sheet', keys: '?', run: () => showSheet(true) }]);

  const changeLanguage = () => {
    const next = language === 'en' ? 'zh-CN' : 'en';
    setLanguage(next);
    void saveSettings({ lang: next }).catch(() => undefined);
  };
  const changeTheme = () => {
    const next = toggle();
    client.setQueryData(['session'], { ...session, settings: { ...session.settings, theme: next } });
    void saveSettings({ theme: next }).catch(() => undefined);
  };

  const who = [
    pick(session.account.name, session.account.name_en),
    pick(session.account.facility_name, session.account.facility_name_en),
  ].join(' · ');
  return (
    <>
      {session.must_change && <FirstPassword leave={() => void leave()} stuck={stuck} />}
      {session.locked && !session.must_change && <LockScreen leave={() => void leave()} stuck={stuck} />}
      {begun && (
        <div className="shell" inert={shut} style={shut ? { visibility: 'hidden' } : undefined}>
          <header className="shell-head">
            <Link to="/" className="brand">
              <img src="/favicon.svg" alt="" />
              <span className="brand-long">{t('app.name')}</span>
              <span className="brand-short">{t('app.short')}</span>
            </Link>
            <Places places={places} />
            <span className="grow" />
            {can('raise_critical', 'acknowledge_critical', 'lead', 'view_reports') && <CriticalBell />}
            <span className="line-dot" data-state={line} role="img" aria-label={t(`line.${line}`)} title={t(`line.${line}`)} />
            <Tooltip label={t('keys.sheet')}>
              <ActionIcon aria-label={t('keys.sheet')} onClick={() => showSheet(true)}>
                <KeyboardIcon />
              </ActionIcon>
            </Tooltip>
            <Tooltip label={t(scheme === 'dark' ? 'theme.to_light' : 'theme.to_dark')}>
              <ActionIcon aria-label={t(scheme === 'dark' ? 'theme.to_light' : 'theme.to_dark')} onClick={changeTheme}>
                {scheme === 'dark' ? <SunIcon /> : <MoonIcon />}
              </ActionIcon>
            </Tooltip>
            <UnstyledButton className="nav-link" onClick={changeLanguage} title={t('lang.switch')} fz={13}>
              {language === 'en' ? t('lang.zh') : t('lang.en')}
            </UnstyledButton>
            <Menu position="bottom-end" withinPortal>
              <Menu.Target>
                <UnstyledButton className="nav-link account" fz={13} title={who}>
                  {who}
                </UnstyledButton>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Label>{[...new Set(session.roles.map((r) => r.role))].map((r) => t(`role.${r}`)).join(' · ')}</Menu.Label>
                <Menu.Item onClick={() => lockNow(client)}>{t('lock.now')}</Menu.Item>
                <Menu.Item onClick={() => askPassword(true)}>{t('password.title')}</Menu.Item>
                <Menu.Item onClick={() => void leave()}>{t('login.out')}</Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </header>
          <div>
            {line === 'offline' && (
              <div className="line-banner" role="status">
                {t('line.banner')}
              </div>
            )}
            {can(...CONCERNED) && <CriticalInbox />}
          </div>
          <main className="shell-main">
            <Outlet />
          </main>
          <KeySheet opened={sheet} close={() => showSheet(false)} />
          {password && <PasswordDialog close={() => askPassword(false)} />}
        </div>
      )}
    </>
  );
}

function CriticalBell() {
  const { t } = useWords();
  const alerts = useQuery(alertsQuery('open'));
  const red = alerts.data?.rows.filter((a) => a.level === 'red' && a.state !== 'closed' && a.state !== 'treated').length ?? 0;
  return (
    <Link to="/critical" className="bell" data-some={red > 0}>
      <BellIcon />
      <span role="status">{t('critical.bell', { n: alerts.data ? red : '–' })}</span>
    </Link>
  );
}

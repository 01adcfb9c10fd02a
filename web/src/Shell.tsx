// The frame around every page: places by right, critical bell, line state, language, theme, person. It owns the event line.
import { ActionIcon, Menu, Tooltip, UnstyledButton } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { useCallback, useEffect, useState } from 'react';
import { Fault, setLocked, setSignedOut } from './api/client';
import { useLineState, useLiveLine } from './api/live';
import { CriticalInbox } from './features/critical';
import { alertsQuery } from './features/critical/queries';
import { LockScreen, lockNow, useIdleLock } from './features/session/LockScreen';
import { FirstPassword, PasswordDialog } from './features/session/Password';
import { saveSettings, sessionQuery, signOut, useCan, useSession } from './features/session/queries';
import { setLanguage, useWords } from './i18n';
import { useKeys } from './keys';
import { KeySheet } from './keys/KeySheet';
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
  useIdleLock(!session.locked);

  const leave = useCallback(async () => {
    try {
      await signOut();
    } catch (error) {
      // Who has not signed out is told: the next person at this machine would be this one.
      if (!(error instanceof Fault && error.status === 401)) {
        notifications.show({ color: 'red', message: t('login.out_failed') });
        return;
      }
    }
    client.clear();
    sessionStorage.clear();
    await navigate({ to: '/login', replace: true });
  }, [client, navigate, t]);
  useEffect(() => {
    setLocked(() => client.setQueryData(sessionQuery.queryKey, (held) => held && { ...held, locked: true }));
    // A session that ended while somebody was writing must not throw the text away: the editor's buffer stays for the same person.
    setSignedOut(() => {
      client.clear();
      notifications.show({ color: 'orange', message: t('login.ended') });
      void navigate({ to: '/login', search: { back: location.pathname + location.search } as never, replace: true });
    });
  }, [client, navigate, t]);
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

  const readsEcg = can('write', 'audit') && session.roles.some((r) => [r.pipelines].flat().some((p) => p === 'ecg' || p === '*'));
  return (
    <>
      {session.must_change && <FirstPassword leave={() => void leave()} />}
      {session.locked && <LockScreen leave={() => void leave()} />}
      {begun && (
        <div className="shell" inert={shut} style={shut ? { visibility: 'hidden' } : undefined}>
          <header className="shell-head">
            <Link to="/" className="brand">
              <img src="/favicon.svg" alt="" />
              <span>{t('app.name')}</span>
            </Link>
            <nav className="row" style={{ gap: 2 }} aria-label={t('nav.main')}>
              {can('write', 'audit') && <Place to="/worklist" text={t('nav.worklist')} />}
              {can('verify', 'enter_results') && <Place to="/lab" text={t('nav.lab')} />}
              {!can('verify', 'enter_results') && can('receive_specimen') && <Place to="/lab/specimens" text={t('nav.specimens')} />}
              {can('order', 'acknowledge_critical', 'upload') && <Place to="/clinic" text={t('nav.clinic')} />}
              {!can('order', 'acknowledge_critical', 'upload') && readsEcg && (
                <Place to="/clinic/ecg/unmatched" text={t('nav.ecg_unmatched')} />
              )}
              {can('raise_critical', 'acknowledge_critical', 'lead') && <Place to="/critical" text={t('nav.critical')} />}
              {can('link_identity', 'upload', 'lead') && <Place to="/quarantine" text={t('nav.quarantine')} />}
              {can('write', 'audit', 'link_identity', 'lead') && <Place to="/archives" text={t('nav.archives')} />}
              {can('withdraw') && <Place to="/withdrawals" text={t('nav.withdrawals')} />}
              {can('upload', 'lead', 'administer') && <Place to="/outbox" text={t('nav.outbox')} />}
              {can('qc_records', 'lead', 'administer') && <Place to="/storage" text={t('nav.storage')} />}
              {can('administer') && (
                <Link to="/admin/$tab" params={{ tab: 'facilities' }} className="nav-link">
                  {t('nav.admin')}
                </Link>
              )}
            </nav>
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
                <UnstyledButton className="nav-link" fz={13}>
                  {pick(session.account.name, session.account.name_en)} ·{' '}
                  {pick(session.account.facility_name, session.account.facility_name_en)}
                </UnstyledButton>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Label>{[...new Set(session.roles.map((r) => r.role))].map((r) => t(`role.${r}`)).join(' · ')}</Menu.Label>
                <Menu.Item onClick={() => void lockNow(client)}>{t('lock.now')}</Menu.Item>
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
            {!shut && can('order', 'acknowledge_critical', 'upload') && <CriticalInbox />}
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

function Place({ to, text }: { to: string; text: string }) {
  return (
    <Link to={to} className="nav-link">
      {text}
    </Link>
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

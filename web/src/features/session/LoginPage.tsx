import './login.css';
import { Button, PasswordInput, SegmentedControl, Stack, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import type { DemoAccount } from '../../api/types';
import { setLanguage, useWords } from '../../i18n';
import { FaultNote } from '../../ui/State';
import { publicInfo, signIn } from './queries';

export function LoginPage() {
  const { t, pick, language } = useWords();
  const info = useQuery(publicInfo);
  const client = useQueryClient();
  const navigate = useNavigate();
  const { back } = useSearch({ strict: false }) as { back?: string };
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  useEffect(() => {
    document.title = t('app.name');
  }, [t]);

  const go = async (name: string, secret: string) => {
    setBusy(true);
    setError(null);
    try {
      const session = await signIn(name.trim(), secret);
      client.clear();
      client.setQueryData(['session'], session);
      await navigate({ to: back?.startsWith('/') && !back.startsWith('//') ? back : '/', replace: true });
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };

  const accounts = info.data?.demo ? (info.data.demo_accounts ?? []) : [];
  return (
    <main className="login">
      <section className="login-side" aria-hidden="true">
        <p className="login-words">{t('app.line')}</p>
        <svg viewBox="0 0 600 120" className="login-trace" role="presentation">
          <path d="M0 70h70l8-12 9 12h16l6 8 10-62 11 78 7-24h22c8 0 12-18 24-18s14 18 22 18h60l8-12 9 12h16l6 8 10-62 11 78 7-24h22c8 0 12-18 24-18s14 18 22 18h60l8-12 9 12h16l6 8 10-62 11 78 7-24h22" />
        </svg>
      </section>
      <section className="login-form">
        <div className="row" style={{ justifyContent: 'space-between', marginBottom: 24 }}>
          <div className="row">
            <img src="/favicon.svg" alt="" width={36} height={36} />
            <div>
              <h1 style={{ fontSize: 20 }}>{t('app.name')}</h1>
              <div className="dim">{t('app.line')}</div>
            </div>
          </div>
          <SegmentedControl
            aria-label={t('lang.switch')}
            value={language}
            onChange={(v) => setLanguage(v === 'en' ? 'en' : 'zh-CN')}
            data={[
              { value: 'zh-CN', label: t('lang.zh') },
              { value: 'en', label: t('lang.en') },
            ]}
          />
        </div>
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void go(login, password);
          }}
        >
          <Stack gap="sm">
            <TextInput
              ref={first}
              size="sm"
              label={t('login.name')}
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              value={login}
              onChange={(e) => setLogin(e.currentTarget.value)}
              required
            />
            <PasswordInput
              size="sm"
              label={t('login.password')}
              autoComplete="current-password"
              value={password}
              onChange={(e) => setPassword(e.currentTarget.value)}
              required
            />
            {error !== null && <FaultNote error={error} />}
            <Button type="submit" size="sm" loading={busy} fullWidth>
              {t('login.go')}
            </Button>
          </Stack>
        </form>
        {info.isError && (
          <div style={{ marginTop: 16 }}>
            <FaultNote error={info.error} retry={() => void info.refetch()} />
          </div>
        )}
        {accounts.length > 0 && (
          <DemoAccounts
            accounts={accounts}
            busy={busy}
            use={(a) => void go(a.login, a.password)}
            pickName={(a) => pick(a.name, a.name_en)}
          />
        )}
        <p className="dim" style={{ fontSize: 12, marginTop: 20 }}>
          {info.data ? `${info.data.product} ${info.data.version}` : '\u00a0'}
        </p>
      </section>
    </main>
  );
}

function DemoAccounts({
  accounts,
  busy,
  use,
  pickName,
}: {
  accounts: DemoAccount[];
  busy: boolean;
  use: (a: DemoAccount) => void;
  pickName: (a: DemoAccount) => string;
}) {
  const { t, has } = useWords();
  return (
    <section style={{ marginTop: 24 }} aria-labelledby="demo-accounts">
      <h2 id="demo-accounts">{t('login.demo')}</h2>
      <p className="dim" style={{ margin: '2px 0 8px', fontSize: 12 }}>
        {t('login.demo_hint')}
      </p>
      <div className="panel scroll" style={{ maxHeight: 'max(220px, calc(100vh - 420px))' }}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t('login.role')}</th>
              <th scope="col">{t('login.person')}</th>
              <th scope="col">{t('login.account')}</th>
              <th scope="col">
                <span className="sr-only">{t('login.go')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {accounts.map((a) => (
              <tr key={a.login}>
                <td className="nowrap">
                  {has(`role.${a.role}`) ? t(`role.${a.role}`) : a.role}
                  {a.pipelines && has(`pipeline.${a.pipelines}`) && <span className="dim"> {t(`pipeline.${a.pipelines}`)}</span>}
                </td>
                <td className="nowrap">
                  {pickName(a)} <span className="dim">{a.facility_name}</span>
                </td>
                <td className="mono nowrap" style={{ fontSize: 12 }}>
                  {a.login} <span className="dim">/ {a.password}</span>
                </td>
                <td className="num">
                  <Button size="compact-xs" variant="default" disabled={busy} onClick={() => use(a)}>
                    {t('login.go')}
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

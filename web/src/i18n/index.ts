// Two catalogues of flat keys; zh-CN is the source. One file per slice and language, merged at start; the parity test holds them equal.
import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';

type Catalogue = Record<string, string>;
const files = import.meta.glob<Catalogue>('./*/*.json', { eager: true, import: 'default' });

export const LANGUAGES = ['zh-CN', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/** All keys of one language. */
export function catalogue(language: Language): Catalogue {
  const all: Catalogue = {};
  for (const [path, part] of Object.entries(files)) if (path.startsWith(`./${language}/`)) Object.assign(all, part);
  return all;
}

const REMEMBERED = 'yg.lang';

function first(): Language {
  const stored = localStorage.getItem(REMEMBERED);
  if (stored === 'zh-CN' || stored === 'en') return stored;
  const asked = new URLSearchParams(location.search).get('lang');
  if (asked === 'en' || asked === 'zh-CN') return asked;
  return 'zh-CN';
}

export function startLanguages(): void {
  void i18next.use(initReactI18next).init({
    lng: first(),
    fallbackLng: 'zh-CN',
    resources: { 'zh-CN': { translation: catalogue('zh-CN') }, en: { translation: catalogue('en') } },
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false }, // React escapes
    initAsync: false,
  });
  document.documentElement.lang = i18next.language;
}

export function setLanguage(language: Language): void {
  localStorage.setItem(REMEMBERED, language);
  document.documentElement.lang = language;
  void i18next.changeLanguage(language);
}

export function currentLanguage(): Language {
  return i18next.language === 'en' ? 'en' : 'zh-CN';
}

/** `t(key, values)`, the language, and `pick` for values the server sends in both languages. */
export function useWords() {
  const { t, i18n } = useTranslation();
  const language: Language = i18n.language === 'en' ? 'en' : 'zh-CN';
  const pick = (zh: string | null | undefined, en: string | null | undefined): string => (language === 'en' ? en || zh : zh || en) ?? '';
  return { t: t as (key: string, values?: Record<string, unknown>) => string, language, pick, has: (key: string) => i18n.exists(key) };
}

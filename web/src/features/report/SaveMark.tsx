import { UnstyledButton } from '@mantine/core';
import { useWords } from '../../i18n';
import { clock } from '../../ui/format';
import type { SaveState } from './draft';

/** "已保存 10:42:07 v37", or what stands in the way; never says saved before the server has. */
export function SaveMark({ state, writable, retry }: { state: SaveState; writable: boolean; retry: () => void }) {
  const { t } = useWords();
  if (!writable) return <span className="dim">{t('save.readonly')}</span>;
  switch (state.kind) {
    case 'saved':
      return (
        <span className="tone-green" role="status">
          {t('save.saved', { at: clock(state.at), n: state.version })}
        </span>
      );
    case 'saving':
      return <span className="dim">{t('save.saving')}</span>;
    case 'dirty':
      return <span className="dim">{t('save.dirty')}</span>;
    case 'offline':
      return (
        <UnstyledButton className="tone-orange" role="alert" onClick={retry} fz={13}>
          {t('save.offline')}
        </UnstyledButton>
      );
    case 'conflict':
      return <span className="tone-red">{t('save.conflict')}</span>;
    default:
      return <span className="dim">{t('save.clean')}</span>;
  }
}

// A passing notice with a close button that has a name.
import { notifications } from '@mantine/notifications';
import { useWords } from '../i18n';

export type Tell = (message: string, color?: 'green' | 'orange' | 'red') => void;

export function useTell(): Tell {
  const { t } = useWords();
  return (message, color) =>
    void notifications.show({
      message,
      color,
      autoClose: color ? 10_000 : undefined,
      closeButtonProps: { 'aria-label': t('action.close') },
    });
}

// Opens the study in a viewer outside: by a link that lives an hour and shows this study alone.
import { Menu } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery } from '@tanstack/react-query';
import { get, post } from '../../api/client';
import { useWords } from '../../i18n';
import { useCan } from '../session';
import type { OutsideViewer, StudyLink, StudyLinks } from './model';

/** What the menu says of a viewer: it opens, or why it cannot. */
export function offerOf(viewer: OutsideViewer, links: StudyLinks | undefined): { opens: boolean; setting: string | null } {
  return { opens: links?.viewers.includes(viewer) ?? false, setting: links?.missing[viewer] ?? null };
}

const VIEWERS: readonly OutsideViewer[] = ['ohif', 'weasis'];

export function OutsideViewers({ study, patient }: { study: string; patient: string }) {
  const { t } = useWords();
  const can = useCan();
  const links = useQuery({
    queryKey: ['imaging', 'links', study],
    queryFn: ({ signal }) => get<StudyLinks>(`/api/studies/${study}/links`, signal),
    staleTime: 300_000,
    networkMode: 'always',
  });
  const open = useMutation({
    mutationFn: async (viewer: OutsideViewer) => {
      // The tab is opened by the click itself: browsers stop one that comes after an answer.
      const tab = viewer === 'ohif' ? window.open('about:blank') : null;
      if (tab) tab.opener = null;
      try {
        const { url } = await post<StudyLink>(`/api/studies/${study}/links`, { viewer });
        if (!url) throw new Error('no address');
        if (tab) tab.location.replace(url);
        else window.location.assign(url);
      } catch (error) {
        tab?.close();
        throw error;
      }
    },
    onError: () => notifications.show({ color: 'red', message: t('imaging.outside.failed') }),
  });
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <button type="button" className="im-tool im-wide" aria-label={t('imaging.outside')} title={t('imaging.outside')}>
          ↗
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {VIEWERS.map((viewer) => {
          const { opens, setting } = offerOf(viewer, links.data);
          const name = t(`imaging.outside.${viewer}`);
          if (opens)
            return (
              <Menu.Item key={viewer} disabled={open.isPending} onClick={() => open.mutate(viewer)}>
                {name}
              </Menu.Item>
            );
          return (
            <Menu.Label key={viewer}>
              {setting ? t('imaging.outside.unset', { viewer: name, setting }) : links.isError ? t('imaging.outside.failed') : name}
            </Menu.Label>
          );
        })}
        {patient && can('write', 'audit', 'link_identity', 'lead') && (
          <Menu.Item component="a" href={`/archives?patient_name=${encodeURIComponent(patient)}`} target="_blank" rel="noopener">
            {t('imaging.outside.archives')}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

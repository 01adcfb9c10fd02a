// Legal holds: what is kept whatever the policy says, why, by whom; set on any study and released, each with a reason.
import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useWords } from '../../i18n';
import { dayTime, dicomDate } from '../../ui/format';
import { ReasonDialog } from '../../ui/ReasonDialog';
import { Await, Empty } from '../../ui/State';
import { FindStudy, nameOf } from './FindStudy';
import { hold, holdsQuery, release } from './queries';

export function Holds() {
  const { t } = useWords();
  const client = useQueryClient();
  const list = useQuery(holdsQuery);
  const [doing, setDoing] = useState<{ study: string; name: string; held: boolean } | null>(null);
  const rows = list.data?.rows ?? [];
  const held = new Set(rows.map((r) => r.study));
  return (
    <div className="store">
      <FindStudy
        title={t('storage.hold_new')}
        act={t('storage.hold')}
        done={(study) => (held.has(study) ? t('storage.held') : null)}
        choose={(s) => setDoing({ study: s.id, name: nameOf(s), held: false })}
      />
      <section className="panel store-card" aria-label={t('storage.tab.holds')}>
        <Await query={list}>
          {rows.length === 0 ? (
            <Empty title={t('storage.no_holds')} hint={t('storage.no_holds_hint')} />
          ) : (
            <table className="plain">
              <thead>
                <tr>
                  {['patient', 'study', 'facility', 'images', 'reason', 'who'].map((c) => (
                    <th key={c} scope="col">
                      {t(`storage.col.${c}`)}
                    </th>
                  ))}
                  <th scope="col">
                    <span className="sr-only">{t('col.actions')}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((r) => (
                  <tr key={r.study}>
                    <td className="nowrap">
                      <bdi>{r.patient_name || t('patient.unnamed')}</bdi>
                    </td>
                    <td className="nowrap">
                      {r.modality} {dicomDate(r.study_date)}
                    </td>
                    <td>{r.facility_name}</td>
                    <td className="num">{r.images}</td>
                    <td className="said-why">{r.hold?.reason}</td>
                    <td className="nowrap">
                      {r.hold?.who}
                      <div className="dim">{dayTime(r.at)}</div>
                    </td>
                    <td className="num">
                      <Button
                        size="compact-xs"
                        variant="default"
                        onClick={() =>
                          setDoing({
                            study: r.study,
                            name: nameOf(r),
                            held: true,
                          })
                        }
                      >
                        {t('storage.release')}
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Await>
      </section>
      {doing && (
        <ReasonDialog
          title={t(doing.held ? 'storage.release' : 'storage.hold')}
          hint={
            <>
              <strong>{doing.name}</strong>
              <div>{t(doing.held ? 'storage.release_hint' : 'storage.hold_hint')}</div>
            </>
          }
          label={t('storage.why')}
          go={t(doing.held ? 'storage.release' : 'storage.hold')}
          danger={doing.held}
          close={() => setDoing(null)}
          act={async (why) => {
            await (doing.held ? release(doing.study, why) : hold(doing.study, why));
            await client.invalidateQueries({ queryKey: ['storage'] });
          }}
        />
      )}
    </div>
  );
}

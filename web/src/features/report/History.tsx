// Below the text: the request, the patient's earlier reports from all facilities, versions of this one, and drafts that lost a race.
import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Sections, WorkItemDetail } from '../../api/types';
import { useWords } from '../../i18n';
import { Tag, usePersonName } from '../../ui/bits';
import { day, dayTime } from '../../ui/format';
import { ORDER } from './model';

export function History({ item, insert }: { item: WorkItemDetail; insert?: (text: string) => void }) {
  const { t } = useWords();
  const person = usePersonName();
  const [open, setOpen] = useState<string | null>(null);
  if (!item.previous_reports.length && !item.versions.length && !item.lost_drafts.length) return null;
  return (
    <div className="editor-history">
      {item.previous_reports.length > 0 && (
        <section>
          <h2 className="label">{t('report.previous', { n: item.previous_reports.length })}</h2>
          {item.previous_reports.map((p) => (
            <div key={p.report + p.n} className="history-row">
              <button
                type="button"
                className="link"
                aria-expanded={open === p.report}
                onClick={() => setOpen(open === p.report ? null : p.report)}
              >
                <span className="dim">{day(p.published_at)}</span> {p.title} <span className="dim">{p.facility_name}</span>
              </button>
              {open === p.report && (
                <div className="note">
                  <div style={{ whiteSpace: 'pre-wrap' }}>{p.impression}</div>
                  <div className="row">
                    <Link to="/reports/$id" params={{ id: p.report }} target="_blank">
                      {t('report.open')}
                    </Link>
                    {insert && (
                      <Button
                        size="compact-xs"
                        variant="subtle"
                        onClick={() => insert(t('report.quote', { day: day(p.published_at), text: p.impression }))}
                      >
                        {t('report.insert')}
                      </Button>
                    )}
                  </div>
                </div>
              )}
            </div>
          ))}
        </section>
      )}
      {item.versions.length > 0 && (
        <section>
          <h2 className="label">{t('report.versions')}</h2>
          {item.versions.map((v) => (
            <div key={v.n} className="row history-row">
              <a href={v.pdf} target="_blank" rel="noreferrer">
                v{v.n}
              </a>
              <span>{t(`version.${v.kind}`)}</span>
              <span className="dim">{dayTime(v.signed_at)}</span>
              <span className="dim">{person(v.auditor ?? v.writer)}</span>
              {v.replaced && <Tag tone="amber">{t('version.replaced')}</Tag>}
            </div>
          ))}
        </section>
      )}
      {item.lost_drafts.length > 0 && (
        <section>
          <h2 className="label">{t('report.lost_drafts')}</h2>
          {item.lost_drafts.map((d) => {
            const key = `${d.author.id}${d.at}`;
            return (
              <div key={key} className="history-row">
                <button type="button" className="link" aria-expanded={open === key} onClick={() => setOpen(open === key ? null : key)}>
                  {person(d.author)} <span className="dim">{dayTime(d.at)}</span>
                </button>
                {open === key && <Text sections={d.sections} item={item} insert={insert} />}
              </div>
            );
          })}
        </section>
      )}
    </div>
  );
}

function Text({ sections, item, insert }: { sections: Sections; item: WorkItemDetail; insert?: (text: string) => void }) {
  const { t } = useWords();
  return (
    <div className="note">
      {ORDER[item.pipeline]
        .filter((n) => sections[n])
        .map((n) => (
          <div key={n}>
            <span className="label">{t(`section.${n}`)}</span>
            <div style={{ whiteSpace: 'pre-wrap' }}>{sections[n]}</div>
            {insert && (
              <Button size="compact-xs" variant="subtle" onClick={() => insert(sections[n] ?? '')}>
                {t('report.insert')}
              </Button>
            )}
          </div>
        ))}
    </div>
  );
}

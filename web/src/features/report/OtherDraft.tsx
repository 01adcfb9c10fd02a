// Another writer's draft that outlived its lease: adopt it or begin anew.
import { Button } from '@mantine/core';
import { useState } from 'react';

export function OtherDraft({
  text,
  discard,
  adoptWord,
  discardWord,
}: {
  text: string;
  discard: () => void;
  adoptWord: string;
  discardWord: string;
}) {
  const [shown, show] = useState(true);
  if (!shown) return null;
  return (
    <div className="note row wrap" data-tone="amber" style={{ flex: 'none' }}>
      <span className="grow">{text}</span>
      <Button size="compact-xs" variant="default" onClick={() => show(false)}>
        {adoptWord}
      </Button>
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => {
          discard();
          show(false);
        }}
      >
        {discardWord}
      </Button>
    </div>
  );
}

// Screen calibration: a bank card held against the glass. Once per workstation, kept in the browser; it is no patient data.
import { Button, Modal, Slider } from '@mantine/core';
import { useState } from 'react';
import { useWords } from '../../i18n';
import { CARD_MM, CSS_PX_PER_MM, forgetScreen, type ScreenScale, storeScreen } from './paper';

export function ScreenDialog({ screen, close }: { screen: ScreenScale; close: () => void }) {
  const { t } = useWords();
  const [px, set] = useState(screen.pxPerMm);
  return (
    <Modal opened onClose={close} title={t('ecg.calibrate')} size="xl">
      <p>{t('ecg.calibrate_text')}</p>
      <div className="ecg-card-box">
        <div className="ecg-card" style={{ width: CARD_MM.width * px, height: CARD_MM.height * px }}>
          {t('ecg.card')}
        </div>
      </div>
      <Slider
        label={(v) => `${v.toFixed(2)} px/mm`}
        thumbLabel={t('ecg.calibrate_width')}
        min={2.4}
        max={8}
        step={0.01}
        value={px}
        onChange={set}
      />
      <div className="row" style={{ justifyContent: 'flex-end', marginTop: 16 }}>
        <span className="grow dim">
          {t('ecg.calibrate_value', { px: px.toFixed(2) })} {screen.calibrated ? t('ecg.calibrated_yes') : t('ecg.calibrated_no')}
        </span>
        <Button
          variant="default"
          onClick={() => {
            forgetScreen();
            set(CSS_PX_PER_MM);
            close();
          }}
        >
          {t('ecg.calibrate_reset')}
        </Button>
        <Button
          onClick={() => {
            storeScreen(px);
            close();
          }}
        >
          {t('action.save')}
        </Button>
      </div>
    </Modal>
  );
}

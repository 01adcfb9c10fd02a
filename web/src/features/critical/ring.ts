/** Three short tones; browsers stay silent until the person has touched the page once, which signing in was. */
export const ring = (): void => sound(880, [0, 0.35, 0.7]);

/** One low tone: what was just entered was not taken. */
export const refuse = (): void => sound(180, [0]);

function sound(pitch: number, times: readonly number[]): void {
  if (!navigator.userActivation?.hasBeenActive) return;
  try {
    const audio = new AudioContext();
    for (const at of times) {
      const tone = audio.createOscillator();
      const gain = audio.createGain();
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(0.12, audio.currentTime + at);
      gain.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + at + 0.28);
      tone.connect(gain).connect(audio.destination);
      tone.start(audio.currentTime + at);
      tone.stop(audio.currentTime + at + 0.3);
    }
    setTimeout(() => void audio.close(), 1_500);
  } catch {
    // No sound device: what is on the screen is the alert.
  }
}

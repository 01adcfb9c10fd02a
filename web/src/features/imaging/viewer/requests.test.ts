import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { inTurn, take } from './picture';
import { Dropped, FrameQueue } from './queue';
import { Release } from './release';

describe('requests that are dropped', () => {
  /** A request that ends when it is told to, whatever becomes of it. */
  const held = () => {
    let end: () => void = () => undefined;
    const done = new Promise<void>((go) => {
      end = go;
    });
    return { task: () => done, end };
  };

  it('say so at once, though the line has not let go yet', async () => {
    const q = new FrameQueue(1);
    const running = held();
    const [a, b] = [q.run('a', 0, running.task), q.run('b', 0, async () => 'b')];
    q.drop((key) => key === 'a');
    await expect(a).rejects.toBeInstanceOf(Dropped);
    running.end();
    expect(await b).toBe('b');
  });

  it('take no place of a request for the same frame that was made since', async () => {
    const q = new FrameQueue(2);
    const [first, second] = [held(), held()];
    const a = q.run('x', 0, first.task);
    q.drop(() => true);
    await expect(a).rejects.toBeInstanceOf(Dropped);
    const again = q.run('x', 0, async () => {
      await second.task();
      return 'came';
    });
    const seen: string[] = [];
    void q.run('y', 0, async () => void seen.push('y'));
    first.end();
    await Promise.resolve();
    second.end();
    expect(await again).toBe('came');
    await vi.waitFor(() => expect(seen).toEqual(['y']));
    // Nothing runs any more, so that both places are free.
    const [c, d] = [held(), held()];
    const both = Promise.all([q.run('c', 0, c.task), q.run('d', 0, d.task)]);
    c.end();
    d.end();
    await both;
  });
});

describe('what panes let go of', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is dropped when nobody shows it a moment later', () => {
    let shown = ['a', 'b'];
    const gone: string[][] = [];
    const release = new Release(
      () => new Set(shown),
      (ids) => gone.push([...ids]),
    );
    // The pane opens another series, which has one frame of the old one; another pane takes `b` in the same moment.
    release.let(['a', 'b', 'c']);
    shown = ['b', 'd'];
    vi.runAllTimers();
    expect(gone).toEqual([['a', 'c']]);
    // Left and opened again: nothing is dropped.
    release.let(['b', 'd']);
    vi.runAllTimers();
    expect(gone).toHaveLength(1);
    release.let(['d']);
    shown = [];
    release.dispose();
    vi.runAllTimers();
    expect(gone).toHaveLength(1);
  });
});

describe('pictures of the server', () => {
  it('are read one after the other, whatever becomes of the one before', async () => {
    const seen: string[] = [];
    const step = (name: string, fails = false) =>
      inTurn(async () => {
        seen.push(`${name} begins`);
        await Promise.resolve();
        seen.push(`${name} ends`);
        if (fails) throw new Error(name);
      });
    const all = [step('a'), step('b', true), step('c')];
    await expect(all[1]).rejects.toThrow('b');
    await Promise.all([all[0], all[2]]);
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('become three bytes a pixel, or four', () => {
    const rgba = Uint8ClampedArray.of(1, 2, 3, 255, 4, 5, 6, 255);
    const [three, four] = [new Uint8Array(9), new Uint8Array(12)];
    take(rgba, three, 3, 3);
    take(rgba, four, 4, 4);
    expect([...three]).toEqual([0, 0, 0, 1, 2, 3, 4, 5, 6]);
    expect([...four]).toEqual([0, 0, 0, 0, 1, 2, 3, 255, 4, 5, 6, 255]);
  });
});

// What panes let go of is dropped a moment later, when it is known what they all show instead: a frame that one pane leaves and another
// one takes in the same moment, or the same pane opens again, keeps its request.

export class Release {
  private readonly left = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `wanted`: what the panes show now. `drop`: gets what nobody wants any more. */
  constructor(
    private readonly wanted: () => Set<string>,
    private readonly drop: (gone: ReadonlySet<string>) => void,
  ) {}

  let(ids: readonly string[]): void {
    for (const id of ids) this.left.add(id);
    if (this.left.size > 0) this.timer ??= setTimeout(() => this.settle(), 0);
  }

  private settle(): void {
    this.timer = undefined;
    const wanted = this.wanted();
    const gone = new Set([...this.left].filter((id) => !wanted.has(id)));
    this.left.clear();
    if (gone.size > 0) this.drop(gone);
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.left.clear();
  }
}

import { Button } from '@mantine/core';
import i18next from 'i18next';
import { Component, type ReactNode } from 'react';

/** The last net: a page that fails says so and offers to load again; drafts are kept by the editor itself. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { failed: Error | null }> {
  state = { failed: null as Error | null };
  static getDerivedStateFromError(error: Error) {
    return { failed: error };
  }
  render() {
    if (!this.state.failed) return this.props.children;
    return (
      <div className="state" role="alert">
        <strong>{i18next.t('page.failed')}</strong>
        <span className="mono">{this.state.failed.message.slice(0, 200)}</span>
        <Button onClick={() => location.reload()}>{i18next.t('page.reload')}</Button>
      </div>
    );
  }
}

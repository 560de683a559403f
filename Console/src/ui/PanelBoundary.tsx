import { Component, type ReactNode } from 'react'
import { ErrorBox } from './ErrorBox'

interface Props {
  children: ReactNode
  /** A change of it tries again: another page, another object. */
  resetOn?: unknown
}

/** An error in one panel leaves the others as they are. */
export class PanelBoundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null }

  static getDerivedStateFromError(error: Error) {
    return { error }
  }

  override componentDidUpdate(before: Props) {
    if (this.state.error && before.resetOn !== this.props.resetOn) this.setState({ error: null })
  }

  override render() {
    if (!this.state.error) return this.props.children
    return <ErrorBox error={this.state.error} retry={() => this.setState({ error: null })} />
  }
}

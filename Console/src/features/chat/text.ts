export const text = {
  title: 'Chat',
  sub: 'Ask a language model. What you ask is yours alone; it is kept as long as your tenant says.',
  none: 'No conversation yet',
  noneText: 'Ask something below: the conversation is kept, and you find it here again.',
  noModel: 'No chat model is registered',
  noModelText: 'Whoever may change models registers one first, under Models.',
  placeholder: 'Ask something. Enter sends, Shift+Enter begins a new line.',
  stopped: 'Stopped.',
  thinking: 'Thinking…',
  deleteText: 'Its messages are deleted with it; what it cost stays in the figures.',
}

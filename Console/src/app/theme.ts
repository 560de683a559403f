import { createTheme, type MantineColorsTuple } from '@mantine/core'

const iris: MantineColorsTuple = [
  '#eff0ff',
  '#dcdefc',
  '#b9bdf6',
  '#959bf0',
  '#787fea',
  '#6369e3',
  '#5559da',
  '#4a4ec9',
  '#4144b8',
  '#33369c',
]
const gray: MantineColorsTuple = [
  '#f7f7f9',
  '#eff0f3',
  '#e3e4e9',
  '#d3d5dc',
  '#b4b7c2',
  '#8b8f9c',
  '#6b6f7d',
  '#555966',
  '#3a3d47',
  '#1f2128',
]
const dark: MantineColorsTuple = [
  '#e6e7ec',
  '#b3b6c2',
  '#8f929f',
  '#5f626e',
  '#3b3e48',
  '#2d2f37',
  '#23252b',
  '#191b20',
  '#131418',
  '#0d0e11',
]

const close = { closeButtonProps: { 'aria-label': 'Close' } }

export const theme = createTheme({
  primaryColor: 'iris',
  primaryShade: { light: 7, dark: 7 },
  colors: { iris, gray, dark },
  autoContrast: true,
  fontFamily: 'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "JetBrains Mono", "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  lineHeights: { sm: '1.4', md: '1.5' },
  defaultRadius: 'md',
  radius: { xs: '3px', sm: '5px', md: '7px', lg: '10px', xl: '16px' },
  headings: { fontWeight: '620', sizes: { h1: { fontSize: '1.25rem' }, h2: { fontSize: '1rem' } } },
  cursorType: 'pointer',
  focusRing: 'auto',
  components: {
    Button: { defaultProps: { size: 'compact-md', fw: 550 } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    Modal: { defaultProps: { ...close, radius: 'lg', overlayProps: { backgroundOpacity: 0.45 } } },
    Drawer: { defaultProps: { ...close, position: 'right', overlayProps: { backgroundOpacity: 0.35 } } },
    Notification: { defaultProps: { ...close, radius: 'md' } },
    Tooltip: {
      defaultProps: {
        openDelay: 350,
        withArrow: true,
        multiline: true,
        maw: 340,
        fz: 'xs',
        events: { hover: true, focus: true, touch: false },
      },
    },
    Menu: {
      defaultProps: {
        shadow: 'md',
        position: 'bottom-end',
        width: 220,
        // A placeholder that takes the focus is no part of a menu.
        withInitialFocusPlaceholder: false,
      },
    },
    TextInput: { defaultProps: { size: 'sm' } },
    PasswordInput: { defaultProps: { size: 'sm' } },
    Textarea: { defaultProps: { size: 'sm', autosize: true, minRows: 2, maxRows: 12 } },
    NumberInput: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { size: 'sm', checkIconPosition: 'right' } },
    MultiSelect: { defaultProps: { size: 'sm' } },
    Checkbox: { defaultProps: { size: 'sm' } },
    Switch: { defaultProps: { size: 'sm' } },
    SegmentedControl: { defaultProps: { size: 'xs' } },
  },
})

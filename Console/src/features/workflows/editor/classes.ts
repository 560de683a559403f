import layout from './Editor.module.css'
import lists from './Lists.module.css'
import parts from './Parts.module.css'

/** The looks of the editor; no class is in two of the files. */
export const classes = { ...layout, ...parts, ...lists }

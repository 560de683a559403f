import canvas from './Canvas.module.css'
import ports from './Ports.module.css'

/** The looks of the canvas; no class is in both files. */
export const classes = { ...canvas, ...ports }

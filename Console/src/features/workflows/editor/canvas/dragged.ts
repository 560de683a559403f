/** The kind of data of a node type on its way from the list to the canvas. */
export const DRAGGED = 'application/x-workflows-node'

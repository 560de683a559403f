import { describe, expect, it } from 'vitest'
import { shortestMove } from './shortestMove'

const window = { x: 100, y: 50, width: 800, height: 600 }
const node = (x: number, y: number) => ({ x, y, width: 200, height: 60 })

describe('the shortest move', () => {
  it.each([
    ['what is seen stays', node(300, 300), { x: 0, y: 0 }],
    ['half behind the left side', node(40, 300), { x: 84, y: 0 }],
    ['half behind the right side', node(850, 300), { x: -174, y: 0 }],
    ['below and to the right', node(700, 640), { x: -24, y: -74 }],
    ['as wide as the window', { x: 120, y: 300, width: 800, height: 60 }, { x: -20, y: 0 }],
  ])('%s', (_, box, by) => expect(shortestMove(box, window)).toEqual(by))

  it.each([
    ['more than a window away', node(-1000, 300)],
    ['more than a window below', node(300, 1400)],
    ['wider than the window', { x: 0, y: 300, width: 900, height: 60 }],
  ])('%s is for another way to show it', (_, box) => expect(shortestMove(box, window)).toBeNull())
})

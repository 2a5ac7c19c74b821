// Registrations and refusals by hour and door.

import { count, h, local, number, said, svg, table } from './dom.js'

const HOURS = 48
const [WIDTH, UP, DOWN] = [10, 90, 40]

const sum = (numbers) => numbers.reduce((sum, number) => sum + number, 0)

/** Of `[{ hour: '2026-11-26T14', registered: { oauth: 3 }, refused: 2 }]`; hours that are not there had nothing. */
export function chart(given) {
  const first = Math.floor(Date.now() / 3600_000) - HOURS + 1
  const hours = Array.from({ length: HOURS }, (_, index) => {
    const at = new Date((first + index) * 3600_000)
    const { registered = {}, refused = 0 } = given.find(({ hour }) => at.toISOString().startsWith(hour)) ?? {}
    return { at, registered, refused, all: sum(Object.values(registered)) }
  })
  const doors = [...new Set(hours.flatMap(({ registered }) => Object.keys(registered)))].sort()
  const refused = sum(hours.map(({ refused }) => refused))
  const most = Math.max(1, ...hours.map(({ all }) => all))
  const mostRefused = Math.max(1, ...hours.map(({ refused }) => refused))
  const text = `${count(sum(hours.map(({ all }) => all)), 'client')} registered, ${count(refused, 'registration')} refused`
  const bar = (index, height, y, kind) => height > 0 && svg(`rect.${kind}`, { x: index * WIDTH + 1, y, width: WIDTH - 2, height })
  const bars = hours.map(({ registered, refused }, index) => {
    let top = UP
    return [doors.map((door, place) => {
      const height = ((registered[door] ?? 0) / most) * (UP - 8)
      top -= height
      return bar(index, height, top, `door${place}`)
    }), bar(index, (refused / mostRefused) * (DOWN - 8), UP + 2, 'refusals')]
  })
  const marks = hours.map(({ at }, index) => at.getHours() % 12 === 0 && svg('text', { x: index * WIDTH, y: UP + DOWN + 10 }, local(at).slice(5)))
  const legend = [...doors.map((door, place) => [door, `door${place}`, sum(hours.map(({ registered }) => registered[door] ?? 0))]), ['refused', 'refusals', refused]]
  const rows = hours.filter(({ all, refused }) => all + refused > 0).reverse()
  return h('figure',
    svg('svg.chart', { viewBox: `0 0 ${HOURS * WIDTH} ${UP + DOWN + 14}`, role: 'img', 'aria-label': text },
      svg('line', { x1: 0, x2: HOURS * WIDTH, y1: UP + 1, y2: UP + 1 }), bars, marks),
    h('figcaption', `${text}: above the line at most ${number(most)} an hour, below it ${number(mostRefused)}.`,
      h('ul.legend', legend.map(([name, kind, all]) => h('li', h(`span.key.${kind}`), said(name), ` ${number(all)}`)))),
    h('details', h('summary', 'The same as a table'), table(text, ['Hour', ...doors.map((door) => `#${door}`), '#Refused'],
      rows.map(({ at, registered, refused }) => [local(at), ...doors.map((door) => number(registered[door] ?? 0)), number(refused)]))))
}

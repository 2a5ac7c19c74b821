// Registrations and refusals by hour and door, drawn; and the same as a table.

import { count, h, said, svg, table } from './dom.js'

const HOURS = 48
const [WIDTH, UP, DOWN] = [10, 90, 40]

/** Of `[{ hour: "2026-11-26T14", registered: { oauth: 3 }, refused: 2 }]`; hours that are not there had nothing. */
export function chart(given) {
  const known = new Map(given.map((hour) => [hour.hour, hour]))
  const ends = Math.floor(Date.now() / 3600_000)
  const hours = Array.from({ length: HOURS }, (_, index) => {
    const at = new Date((ends - HOURS + 1 + index) * 3600_000)
    const hour = known.get(at.toISOString().slice(0, 13))
    return { at, registered: hour?.registered ?? {}, refused: hour?.refused ?? 0 }
  })
  const doors = [...new Set(hours.flatMap((hour) => Object.keys(hour.registered)))].sort()
  const all = (hour) => Object.values(hour.registered).reduce((sum, number) => sum + number, 0)
  const registered = hours.reduce((sum, hour) => sum + all(hour), 0)
  const refused = hours.reduce((sum, hour) => sum + hour.refused, 0)
  const most = Math.max(1, ...hours.map(all))
  const mostRefused = Math.max(1, ...hours.map((hour) => hour.refused))
  const text = `${count(registered, 'client')} registered, ${count(refused, 'registration')} refused, by hour`
  const bars = hours.map((hour, index) => {
    let top = UP
    const bar = (height, y, kind) => height > 0 && svg(`rect.${kind}`, { x: index * WIDTH + 1, y, width: WIDTH - 2, height })
    return [
      doors.map((door, place) => {
        const height = ((hour.registered[door] ?? 0) / most) * (UP - 8)
        top -= height
        return bar(height, top, `door${place % 6}`)
      }),
      bar((hour.refused / mostRefused) * (DOWN - 8), UP + 2, 'refusals'),
    ]
  })
  const hour = (at) => `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${pad(at.getHours())}:00`
  const marks = hours.map(({ at }, index) => at.getHours() % 12 === 0 && svg('text', { x: index * WIDTH, y: UP + DOWN + 10 }, hour(at).slice(5)))
  const lists = doors.map((door, place) => h('li', h(`span.key.door${place % 6}`), said(door), ` ${hours.reduce((sum, one) => sum + (one.registered[door] ?? 0), 0).toLocaleString('en')}`))
  const rows = hours.filter((one) => all(one) + one.refused > 0).reverse().map((one) => [
    hour(one.at), ...doors.map((door) => (one.registered[door] ?? 0).toLocaleString('en')), one.refused.toLocaleString('en'),
  ])
  return h('figure',
    svg('svg.chart', { viewBox: `0 0 ${HOURS * WIDTH} ${UP + DOWN + 14}`, role: 'img', 'aria-label': text },
      svg('line', { x1: 0, x2: HOURS * WIDTH, y1: UP + 1, y2: UP + 1 }), bars, marks),
    h('figcaption', h('p', text, '. Above the line what was registered, at most ', most.toLocaleString('en'), ' an hour; below it what was refused, at most ', mostRefused.toLocaleString('en'), '.'),
      h('ul.legend', lists, refused > 0 && h('li', h('span.key.refusals'), 'refused ', refused.toLocaleString('en')))),
    rows.length > 0 && h('details', h('summary', 'The same as a table'),
      table(text, ['Hour', ...doors.map((door) => [door, 'number']), ['Refused', 'number']], rows)))
}

const pad = (number) => String(number).padStart(2, '0')

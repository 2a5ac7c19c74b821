// The keyboard. Single keys can be switched off, for those whose speech or hands press them unasked.

import { button, dialog, h } from './dom.js'

let on = true
let began = -Infinity

/** Listens; `go` leads to the screen of a key. */
export function listen(screens, go) {
  document.addEventListener('keydown', (event) => {
    const { key, target } = event
    const written = target.closest('input:not([type=checkbox]), textarea, select')
    if (document.querySelector('dialog[open]')) return
    if (written) {
      if (key === 'Escape') target.blur()
      return
    }
    if (!on || event.ctrlKey || event.metaKey || event.altKey) return
    const follows = performance.now() - began < 1500
    began = key === 'g' ? performance.now() : -Infinity
    const acts = { '?': () => shortcuts(screens), '/': search, j: () => walk(1), k: () => walk(-1) }
    const act = follows ? () => go(key) : acts[key]
    if (!act) return
    event.preventDefault()
    act()
  })
}

function search() {
  document.querySelector('main input[type=search]')?.select()
  document.querySelector('main input[type=search]')?.focus()
}

/** The focus goes to the next row of the lists that are shown, or to the one before. */
function walk(step) {
  const rows = [...document.querySelectorAll('main [data-row]')].filter((row) => row.checkVisibility())
  const focused = document.activeElement
  const at = rows.findIndex((row) => row.closest('tr, li, section').contains(focused))
  // From elsewhere it leads to the nearest one that follows, or that is before.
  const follows = (row) => focused.compareDocumentPosition(row) & Node.DOCUMENT_POSITION_FOLLOWING
  const next = at >= 0 ? at + step : step > 0 ? rows.findIndex(follows) : rows.findLastIndex((row) => !follows(row))
  rows[Math.min(Math.max(next, 0), rows.length - 1)]?.focus()
}

export function shortcuts(screens) {
  const keys = [...screens.filter(([, name]) => name).map(([, name, key]) => [`g ${key}`, name]),
    ['/', 'to the search'], ['j k', 'the next row, the one before'], ['Enter', 'opens it'], ['Esc', 'closes, or leaves a field'], ['?', 'these keys']]
  const toggle = h('input', { type: 'checkbox', checked: on, onchange: () => { on = toggle.checked } })
  dialog('Keys', (close) => [
    h('dl.facts', keys.map(([key, what]) => h('div', h('dt', key.split(' ').map((one) => [h('kbd', one), ' '])), h('dd', what)))),
    h('p', h('label', toggle, ' Single keys do something')),
    h('p.buttons', button('Close', close, 'main')),
  ])
}

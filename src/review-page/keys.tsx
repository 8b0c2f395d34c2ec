import { Dialog } from './dialog.js'
import type { Words } from './words.js'

/** The list of keys. */
export function Keys({ text, onClose }: { text: Words; onClose: () => void }) {
  return (
    <Dialog label={text.keys} onClose={onClose} class="keys">
      <header class="bar">
        <h2>{text.keys}</h2>
        <span class="spacer" />
        <button type="button" class="quiet" onClick={onClose}>
          {text.close}
        </button>
      </header>
      <dl>
        {text.keyList.map(([keys, does]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}

import { render } from 'preact'
import { App } from './app.tsx'
import { createStore } from './data/store.ts'
import './style/main.css'

const root = document.getElementById('app')
if (root) {
  const store = createStore()
  root.replaceChildren()
  render(<App store={store} />, root)
  store.start()
}
